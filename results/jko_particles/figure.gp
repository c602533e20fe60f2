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


dimensions = " "
collect(word) = (strstrt(dimensions, " ".word." ") == 0 ? dimensions = dimensions.word." " : 0, 0)
stats 'data.csv' using (is("part", "step") ? collect(stringcolumn("dimension")) : 0) nooutput
count = words(dimensions)
d(i) = word(dimensions, i)
at(part, quantity) = is("part", part) && is("quantity", quantity)
by_points(i, part, quantity) = at(part, quantity) && is("dimension", d(i)) ? column("points") : NaN
by_bandwidth(quantity) = at("bandwidth", quantity) ? column("kernel_variance") : NaN
by_error(field, quantity) = at("inexact", quantity) && is("field", field) ? column("predicted") : NaN
stats 'data.csv' using (is("part", "bandwidth") ? column("points") : NaN) nooutput
n_bandwidth = STATS_max
stats 'data.csv' using (by_bandwidth("reported")) nooutput
h_min = STATS_min
h_max = STATS_max
stats 'data.csv' using (at("inexact", "reported") ? column("points") : NaN) nooutput
n_error = STATS_max
stats 'data.csv' using (at("inexact", "reported") ? column("predicted") : NaN) nooutput
largest = STATS_max
stats 'data.csv' using (is("part", "step") ? column("points") : NaN) nooutput
n_min = STATS_min
n_max = STATS_max

set multiplot layout 1,4 margins 0.05,0.99,0.36,0.93 spacing 0.055
set logscale xy
set format y '%g'
set xrange [n_min / 1.3:n_max * 1.3]
set xtics n_min,4,n_max * 2
set title 'Exact steps, ε = 0'
set xlabel 'points {/:Italic n}, Scott’s kernels'
set ylabel 'mean |{/:Italic g}|^2' offset 1.5
set key at graph -0.05,-0.22 left top Left reverse samplen 2
plot for [i = 1:count] 'data.csv' \
    using (by_points(i, "points", "reported")):"measured":"lower":"upper" with yerrorlines \
    linestyle i title 'reported, {/:Italic d} = '.d(i), \
  for [i = 1:count] '' using (by_points(i, "points", "transport_part")):"measured" \
    with lines linestyle i dashtype 2 notitle, \
  for [i = 1:count] '' using (by_points(i, "points", "score_part")):"measured" \
    with lines linestyle i dashtype 3 notitle, \
  NaN with lines linecolor '#606060' linewidth 1.8 dashtype 2 title 'the assignment’s part', \
  NaN with lines linecolor '#606060' linewidth 1.8 dashtype 3 title 'the score’s part'

unset logscale y
set xrange [h_min / 1.3:h_max * 1.3]
set xtics h_min,2,h_max * 2 format '%g'
set yrange [*:1.5]
set title sprintf('Exact steps, {/:Italic d} = 2, {/:Italic n} = %d', n_bandwidth)
set xlabel 'variance of the kernels {/:Italic h}'
unset ylabel
plot 0 with lines linecolor 'black' linewidth 1.2 notitle, \
  'data.csv' using (by_bandwidth("reported")):"measured":"lower":"upper" \
    with yerrorlines linestyle 2 title 'reported, mean |{/:Italic g}|^2', \
  '' using (by_bandwidth("published")):"measured":"lower":"upper" \
    with yerrorlines linestyle 1 title '… in the published norm', \
  '' using (by_bandwidth("transport_part")):"measured" \
    with lines linecolor '#606060' linewidth 1.8 dashtype 2 notitle, \
  '' using (by_bandwidth("score_part")):"measured" \
    with lines linecolor '#606060' linewidth 1.8 dashtype 3 notitle, \
  '' using (by_bandwidth("single")):"measured":"lower":"upper" \
    with yerrorbars linestyle 3 title 'calibrated, one estimate', \
  NaN with lines linecolor 'black' linewidth 1.2 title 'ε^2'

unset logscale x
set xtics autofreq format '%g'
set xrange [-0.06 * largest:1.1 * largest]
set yrange [*:*]
set title sprintf('Estimate less ε^2, {/:Italic d} = 2, {/:Italic n} = %d', n_error)
set xlabel 'prescribed ε^2'
less(name) = column(name) - column("predicted")
plot 0 with lines linecolor 'black' linewidth 1.2 notitle, \
  'data.csv' using (by_error("constant", "reported")):(less("measured")) \
    with points linestyle 2 title 'reported, constant field', \
  '' using (by_error("random", "reported")):(less("measured")) \
    with points linestyle 2 pointtype 4 title '… random affine field', \
  '' using (by_error("constant", "single")):(less("measured")):(less("lower")):(less("upper")) \
    with yerrorbars linestyle 3 title 'calibrated, constant', \
  '' using (by_error("random", "single") + 0.025 * largest):(less("measured")): \
    (less("lower")):(less("upper")) \
    with yerrorbars linestyle 3 pointtype 4 title '… random'

set logscale xy
set xrange [n_min / 1.3:n_max * 1.3]
set xtics n_min,4,n_max * 2
set yrange [*:*]
set title 'Step on particles, relative errors'
set xlabel 'points {/:Italic n}, Scott’s kernels'
plot for [i = 1:count] 'data.csv' \
    using (by_points(i, "step", "variance_error")):(abs(column("measured"))) \
    with linespoints linestyle i title 'variance low by, {/:Italic d} = '.d(i), \
  for [i = 1:count] '' using (by_points(i, "step", "law_mean_error")):"measured" \
    with lines linestyle i dashtype 3 notitle, \
  NaN with lines linecolor '#606060' linewidth 1.8 dashtype 3 title 'mean of law off by'
unset multiplot
