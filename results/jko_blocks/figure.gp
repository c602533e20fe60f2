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


set terminal svg size 1180,400 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
at(steps, quantity) = is("steps", steps) && is("quantity", quantity) ? column("block") : NaN
floor_of(norm) = is("steps", "exact step") && is("quantity", norm) ? column("measured") : NaN
stats 'data.csv' using (floor_of("squared")) nooutput
floor_squared = STATS_max
stats 'data.csv' using (floor_of("published")) nooutput
floor_published = STATS_max
set multiplot layout 1,3 margins 0.055,0.99,0.175,0.9 spacing 0.065,0.1
set title 'moved by a block, √E|T_{/:Italic n} x − x|²'
set xlabel 'block {/:Italic n}'
set xtics 1
set yrange [0:*]
set key top right
plot 'data.csv' using (at("geometric", "moved")):"measured" with linespoints linestyle 1 title '{/:Italic h_n} = {/:Italic h}_0 ρ^{/:Italic n}', \
  '' using (at("reparametrised", "moved")):"measured" with linespoints linestyle 2 title 'reparametrised, η = ½'
set title 'first-order error and descent of KL'
set yrange [*:1e6]
set logscale y
set format y '%g'
set key top right font ',10' samplen 1.5
plot 'data.csv' using (at("geometric", "squared_first_order_error")):"measured":"lower":"upper" with yerrorlines linestyle 1 title 'ε_{/:Italic n}², {/:Italic h_n} = {/:Italic h}_0 ρ^{/:Italic n}', \
  '' using (at("reparametrised", "squared_first_order_error")):"measured":"lower":"upper" with yerrorlines linestyle 2 title 'ε_{/:Italic n}², reparametrised', \
  '' using (at("geometric", "cost_and_descent")):"predicted" with linespoints linestyle 3 title 'fall of KL', \
  '' using (at("geometric", "cost_and_descent")):"measured" with linespoints linestyle 3 dashtype 2 title 'E|T x − x|²/(2{/:Italic h_n})', \
  '' using (at("reparametrised", "cost_and_descent")):"predicted" with linespoints linestyle 4 title 'the same, reparametrised', \
  '' using (at("reparametrised", "cost_and_descent")):"measured" with linespoints linestyle 4 dashtype 2 notitle
set title 'one block during training'
set yrange [*:*]
set xlabel 'training batches'
set xtics autofreq
set key top right
plot 'data.csv' using (at("one block", "squared")):"measured" with linespoints linestyle 2 title 'estimator, mean |g|²', \
  '' using (at("one block", "published")):"measured" with linespoints linestyle 1 title '… as published', \
  '' using (at("one block", "of_moments")):"measured" with lines linewidth 2 linecolor 'black' title 'ε² of Gaussians with the moments', \
  floor_squared with lines linestyle 2 linewidth 1.2 dashtype 2 title 'the same of the exact step', \
  floor_published with lines linestyle 1 linewidth 1.2 dashtype 2 notitle
unset multiplot
