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


# The schedules that stand in the file, in order, a comma after each.
names = ","
collect(word) = (strstrt(names, ",".word.",") == 0 ? names = names.word."," : 0, 0)
stats 'data.csv' using (is("quantity", "step_size") ? collect(stringcolumn("schedule")) : 0) nooutput
drop_first(list) = substr(list, strstrt(list, ",") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ",") - 1)
count = 0
do for [i = 2:strlen(names)] { if (names[i:i] eq ",") { count = count + 1 } }
names = drop_first(names)
title_of(name) = name[1:1] eq "c" || name[1:1] eq "l" ? name \
  : '{/:Italic c} = '.word(name, 1).', {/:Italic ρ} = '.word(name, 2)
of(name, quantity) = is("schedule", name) && is("quantity", quantity) ? column("n") : NaN
style(i) = (i - 1) % 8 + 1

rows = (count + 3) / 3
set multiplot layout 1,3 margins 0.07,0.985,0.17 + 0.05 * rows,0.92 spacing 0.09
set xlabel 'block {/:Italic n}'
set xtics format '%.0f'
stats 'data.csv' using (column("n")) nooutput
if (STATS_max <= 10) { set xtics 1 }
set xrange [0:STATS_max]
unset key
set title 'Signal left'
set ylabel 'ᾱ_{/:Italic n}' offset 1
set yrange [0:1.02]
plot for [i = 1:count] 'data.csv' using (of(take(names, i), "remaining_signal")):(column("measured")) \
  with linespoints linestyle style(i)

set title 'Signal-to-noise ratio'
set ylabel 'ᾱ_{/:Italic n} / (1 − ᾱ_{/:Italic n})' offset 1
set logscale y
set format y '10^{%T}'
set yrange [*:*]
plot for [i = 1:count] 'data.csv' using (of(take(names, i), "signal_to_noise")):(column("measured")) \
  with linespoints linestyle style(i)

set title 'χ² of a bimodal mixture'
set ylabel 'χ²({/:Italic p_n} ‖ {/:Italic q})' offset 1
set key at screen 0.07,0.03 + 0.05 * rows left top vertical maxrows rows width 2 Left reverse
plot for [i = 1:count] 'data.csv' using (of(take(names, i), "chi_squared")):(column("measured")) \
    with linespoints linestyle style(i) title title_of(take(names, i)), \
  for [i = 1:count] '' using (of(take(names, i), "chi_squared")):(column("predicted")) \
    with lines linestyle style(i) dashtype 2 notitle, \
  NaN with lines linecolor 'black' linewidth 1.4 dashtype 2 title 'bound ᾱ_{/:Italic n} χ²({/:Italic p}_0 ‖ {/:Italic q})'
unset multiplot
