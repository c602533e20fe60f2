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


# The modes that were measured, as they stand in the file, a comma after each.
modes = ","
collect(word) = (strstrt(modes, ",".word.",") == 0 ? modes = modes.word."," : 0, 0)
stats 'data.csv' using (is("against", "mode") ? collect(stringcolumn("mode")) : 0) nooutput
thin = ceil(STATS_records / 20000.0)  # of the random starts at most so many are drawn
drop_first(list) = substr(list, strstrt(list, ",") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ",") - 1)
count = 0
do for [i = 2:strlen(modes)] { if (modes[i:i] eq ",") { count = count + 1 } }
modes = drop_first(modes)
curvature(i) = '{/:Italic a}_'.i
title_of(mode) = mode[1:4] eq "mean" ? 'mean, '.curvature(mode[6:6]) \
  : 'covariance, '.curvature(mode[12:12]).' + '.curvature(mode[13:13])
of(mode, against) = (is("mode", mode) && is("against", against)) ? column("step_size") : NaN
start(row) = int(row) % thin == 0 ? of("random start", "sharp") : NaN
rate(factor) = -log(factor) / column("step_size")
style(i) = (i - 1) % 8 + 1

rows = (count + 6) / 3  # of the legend, in three columns below the panels
set multiplot layout 1,2 margins 0.07,0.985,0.14 + 0.043 * rows,0.93 spacing 0.09
set logscale x
set xlabel 'step size γ'
set xrange [*:*]
set title 'Contraction in one step'
set ylabel 'factor' offset 1
set yrange [0:1.05]
set key at screen 0.07,0.02 + 0.043 * rows left top vertical maxrows rows width 2 Left reverse
plot 'data.csv' using (start(column(0))):(column("measured")) \
    with points linecolor '#a0a0a0' pointtype 7 pointsize 0.35 \
    title '{/:Italic W}_2 ratio, random start', \
  for [i = 1:count] '' using (of(take(modes, i), "mode")):(column("predicted")) \
    with lines linestyle style(i) notitle, \
  for [i = 1:count] '' using (of(take(modes, i), "mode")):(column("measured")) \
    with points linestyle style(i) title title_of(take(modes, i)), \
  '' using (of("translate", "paper")):(column("predicted")) \
    with lines linecolor 'black' linewidth 1.4 dashtype 3 \
    title "paper's factor (1 + γλ/2)^{−1/2}", \
  '' using (of("translate", "continuous")):(column("predicted")) \
    with lines linecolor 'black' linewidth 1.4 dashtype 2 title 'e^{−γλ}, not a bound', \
  NaN with lines linecolor '#909090' linewidth 1.8 title '1/(1 + γ{/:Italic a})'

unset key
set title 'The same as a rate'
set ylabel '−log(factor) / γ' offset 1
set yrange [0:*]
plot 'data.csv' using (start(column(0))):(rate(column("measured"))) \
    with points linecolor '#a0a0a0' pointtype 7 pointsize 0.35, \
  for [i = 1:count] '' using (of(take(modes, i), "mode")):(rate(column("predicted"))) \
    with lines linestyle style(i), \
  for [i = 1:count] '' using (of(take(modes, i), "mode")):(rate(column("measured"))) \
    with points linestyle style(i), \
  '' using (of("translate", "paper")):(rate(column("predicted"))) \
    with lines linecolor 'black' linewidth 1.4 dashtype 3, \
  '' using (of("translate", "continuous")):(rate(column("predicted"))) \
    with lines linecolor 'black' linewidth 1.4 dashtype 2
unset multiplot
