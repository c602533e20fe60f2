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


# The times that were measured, as they stand in the file.
times = " "
collect(word) = (strstrt(times, " ".word." ") == 0 ? times = times.word." " : 0, 0)
stats 'data.csv' using (is("quantity", "w2_error") ? collect(stringcolumn("time")) : 0) nooutput
count = words(times)
at(time, quantity) = is("quantity", quantity) && is("time", time)
legend(i) = sprintf('{/:Italic t} = %g', word(times, i) + 0)
step = 0
stats 'data.csv' using (is("quantity", "density") && column("step_size") > 0 \
  ? step = column("step_size") : 0) nooutput
exact(time) = at(time, "density") && column("step_size") == 0 ? column("x") : NaN
stepped(time) = at(time, "density") && column("step_size") > 0 ? column("x") : NaN

set multiplot layout 1,2 margins 0.075,0.985,0.13,0.93 spacing 0.1
set title sprintf('Density after steps of γ = %g', step)
set xlabel '{/:Italic x}'
set ylabel 'density of unit mass' offset 1
set yrange [0:*]
set key at graph 0.02,0.97 left top Left reverse
plot for [i = 1:count] 'data.csv' using (exact(word(times, i))):(column("measured")) \
    with lines linestyle i title legend(i), \
  for [i = 1:count] '' using (stepped(word(times, i))):(column("measured")) \
    with points linestyle i pointsize 0.5 notitle, \
  NaN with points linecolor '#909090' pointtype 7 pointsize 0.5 title 'JKO steps', \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'exact'

set title 'Distance from the exact solution'
set logscale xy
set format y '10^{%T}'
set xlabel 'step size γ'
set ylabel '{/:Italic W}_2' offset 1.5
set yrange [*:*]
set key at graph 0.02,0.98 left top Left reverse
error_at(time) = at(time, "w2_error") ? column("step_size") : NaN
plot for [i = 1:count] 'data.csv' using (error_at(word(times, i))):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:count] '' \
    using (error_at(word(times, i))):(column("measured")):(column("lower")):(column("upper")) \
    with yerrorbars linestyle i title legend(i), \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'implicit Euler for the half width'
unset multiplot
