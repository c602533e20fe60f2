# Redraw with: gnuplot -d figure.gp
set encoding utf8
set terminal svg size 1200,600 dynamic enhanced font 'DejaVu Sans,14' background '#ffffff'
set output 'figure.svg'
set datafile separator comma
set datafile columnheaders
set datafile missing NaN  # lines go on over rows that are left out
set border 3 linecolor '#404040'
set tics nomirror out
set format '%g'
set grid linecolor '#dddddd' linewidth 0.6
set key samplen 2 spacing 1.25
set pointsize 0.7
set style line 1 linecolor '#0072b2' linewidth 1.8 pointtype 7
set style line 2 linecolor '#d55e00' linewidth 1.8 pointtype 5
set style line 3 linecolor '#009e73' linewidth 1.8 pointtype 9
set style line 4 linecolor '#cc79a7' linewidth 1.8 pointtype 13
set style line 5 linecolor '#e69f00' linewidth 1.8 pointtype 11
set style line 6 linecolor '#56b4e9' linewidth 1.8 pointtype 15
set style line 7 linecolor '#f0e442' linewidth 1.8 pointtype 7
set style line 8 linecolor '#606060' linewidth 1.8 pointtype 5
is(name, word) = stringcolumn(name) eq word
is_empty(name) = strlen(stringcolumn(name)) == 0


set multiplot
near(name, x) = abs(column(name) - x) < 1e-9
estimate(norm) = is("quantity", "estimator") && is("norm", norm)
by_batches(norm) = (estimate(norm) && !is("cloud", "exact_step")) ? column("batches") : NaN
by_points(norm) = (estimate(norm) && is("cloud", "exact_step")) ? column("points") : NaN
others(quantity) = is("quantity", quantity) ? column("batches") : NaN
others_floor(quantity) = (is("quantity", quantity) && is("cloud", "exact_step")) ? column("points") \
  : NaN

# The n of the checkpoints, the floors there, and their limit.
stats 'data.csv' using (estimate("squared") && is("cloud", "p0") ? column("points") : NaN) nooutput
n = STATS_max
floor_at(norm) = (by_points(norm) == n) ? column("measured") : NaN
stats 'data.csv' using (floor_at("squared")) nooutput
floor_squared = STATS_max
stats 'data.csv' using (floor_at("published")) nooutput
floor_published = STATS_max
stats 'data.csv' using (is("quantity", "floor_limit") ? column("measured") : NaN) nooutput
limit = STATS_max

set logscale y
set format y '%g'
set bmargin at screen 0.13
set tmargin at screen 0.92
set lmargin at screen 0.062
set rmargin at screen 0.440
set title 'norm of the gradient during training' offset 0,-0.5
set xlabel 'training batches'
set ylabel 'squared norm' offset 1
set xrange [-8:208]
set yrange [0.1:30]
set xtics 0,40,200
set key at screen 0.715,0.92 left top Left reverse spacing 1.35 samplen 2.5
plot 'data.csv' using (others("true_norm")):"measured" with lines linewidth 2.2 linecolor 'black' \
    title 'ε² of Gaussians with the moments', \
  '' using (by_batches("squared")):"measured":"lower":"upper" with yerrorbars linestyle 2 \
    title sprintf('estimator, mean |g|², {/:Italic n} = %d', n), \
  '' using (by_batches("published")):"measured":"lower":"upper" with yerrorbars linestyle 1 \
    title '… as published', \
  floor_squared with lines linestyle 2 linewidth 1.2 dashtype 2 \
    title 'the same of the exact step, mean |g|²', \
  floor_published with lines linestyle 1 linewidth 1.2 dashtype 2 title '… as published', \
  'data.csv' using (others("rerun_squared")):"measured" with points pointtype 8 pointsize 0.9 \
    linewidth 1.4 linecolor '#d55e00' title 'stored clouds, {/:Italic n} = 1000, mean |g|²', \
  '' using (others("rerun")):"measured" with points pointtype 8 pointsize 0.9 linewidth 1.4 \
    linecolor '#0072b2' title '… as published', \
  '' using (others("read_off")):"measured" with points pointtype 6 pointsize 0.9 linewidth 1.4 \
    linecolor '#606060' title 'published figure, read off', \
  limit with lines linewidth 1.2 dashtype 3 linecolor '#606060' title 'floor for {/:Italic n} → ∞'

set lmargin at screen 0.495
set rmargin at screen 0.705
set title 'noise floor' offset 0,-0.5
set xlabel 'points {/:Italic n}'
unset ylabel
set logscale x
set xrange [90:2800]
set yrange [0.01:4]
set xtics (125, 250, 500, '1000' 1000, '2000' 2000)
set key off
plot 'data.csv' using (by_points("squared")):"measured":"lower":"upper" with yerrorlines linestyle 2, \
  '' using (by_points("published")):"measured":"lower":"upper" with yerrorlines linestyle 1, \
  '' using (others_floor("rerun_squared")):"measured" with points pointtype 8 pointsize 0.9 \
    linewidth 1.4 linecolor '#d55e00', \
  '' using (others_floor("rerun")):"measured" with points pointtype 8 pointsize 0.9 linewidth 1.4 \
    linecolor '#0072b2', \
  '' using (others_floor("read_off")):"measured" with points pointtype 6 pointsize 0.9 \
    linewidth 1.4 linecolor '#606060', \
  limit with lines linewidth 1.2 dashtype 3 linecolor '#606060'
unset multiplot
