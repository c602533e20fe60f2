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


set terminal svg size 1100,420 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
at(i, quantity) = is("interpolant", word("linear linear trigonometric trigonometric", i)) \
  && is("coupling", word("dependent independent dependent independent", i)) \
  && is("quantity", quantity) && column("step_size") > 0 ? column("step_size") : NaN
title_of(i) = word("linear linear trigonometric trigonometric", i).', '.word("dependent independent dependent independent", i)
set multiplot layout 1,3 margins 0.06,0.99,0.17,0.9 spacing 0.06,0.1
set logscale xy
set xlabel 'step size γ'
set xrange [*:*]
set key bottom right Left reverse font ',10' samplen 1.5
set title 'Kinetic energy, and W₂² of the ends'
set yrange [1e-3:10]
plot for [i = 1:4] 'data.csv' using (at(i, "kinetic")):(column("measured")) with linespoints linestyle i title title_of(i), \
  '' using (at(1, "squared_w2")):(column("measured")) with lines linecolor 'black' linewidth 1.6 dashtype 2 title 'W₂²'
set title 'Least training loss'
set yrange [1e-2:10]
plot for [i = 1:4] 'data.csv' using (at(i, "floor")):(column("measured")) with linespoints linestyle i notitle
set title 'Largest |∂_{/:Italic x}{/:Italic v}| seen'
set yrange [0.5:20]
plot for [i = 1:4] 'data.csv' using (at(i, "steepest")):(column("measured")) with linespoints linestyle i notitle
unset multiplot
