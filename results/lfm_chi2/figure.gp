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


# The sizes e that stand in the file, in order, a comma after each.
sizes = ","
collect(word) = (strstrt(sizes, ",".word.",") == 0 ? sizes = sizes.word."," : 0, 0)
stats 'data.csv' using (is("series", "chain") ? collect(stringcolumn("error_size")) : 0) nooutput
drop_first(list) = substr(list, strstrt(list, ",") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ",") - 1)
count = 0
do for [i = 2:strlen(sizes)] { if (sizes[i:i] eq ",") { count = count + 1 } }
sizes = drop_first(sizes)
short(size) = sprintf("%g", real(size))
of(size, quantity, against) = (is("series", "chain") && is("quantity", quantity) \
  && stringcolumn("error_size") eq size && (is("against", against) || column("n") == 0)) ? column("n") : NaN
limit(series, against) = (is("series", series) && is("quantity", "limit") && is("against", against)) \
  ? column("epsilon") : NaN
style(i) = (i - 1) % 8 + 1

set multiplot layout 1,3 margins 0.07,0.985,0.34,0.92 spacing 0.09
set logscale y
set format y '10^{%T}'
set xlabel 'block {/:Italic n}'
set title 'χ²({/:Italic p_n} ‖ {/:Italic q})'
set key at screen 0.05,0.2 left top vertical maxrows 4 width 1 Left reverse
plot for [i = 1:count] 'data.csv' using (of(take(sizes, i), "chi_squared", "LFM-10")):(column("measured")) \
    with linespoints linestyle style(i) title 'measured, {/:Italic e} = '.short(take(sizes, i)), \
  for [i = 1:count] '' using (of(take(sizes, i), "chi_squared", "LFM-08")):(column("predicted")) \
    with lines linestyle style(i) dashtype 3 notitle, \
  for [i = 1:count] '' using (of(take(sizes, i), "chi_squared", "LFM-09")):(column("predicted")) \
    with lines linestyle style(i) dashtype 2 notitle, \
  for [i = 1:count] '' using (of(take(sizes, i), "chi_squared", "LFM-10")):(column("predicted")) \
    with lines linestyle style(i) dashtype 4 notitle, \
  NaN with lines linecolor 'black' linewidth 1.4 dashtype 3 title 'LFM-08, the theorem', \
  NaN with lines linecolor 'black' linewidth 1.4 dashtype 2 title 'LFM-09, own constants', \
  NaN with lines linecolor 'black' linewidth 1.4 dashtype 4 title 'LFM-10, root of χ²'

unset key
set title 'KL({/:Italic p_n} ‖ {/:Italic q})'
plot for [i = 1:count] 'data.csv' using (of(take(sizes, i), "kl", "LFM-10")):(column("measured")) \
    with linespoints linestyle style(i), \
  for [i = 1:count] '' using (of(take(sizes, i), "kl", "LFM-10")):(column("predicted")) \
    with lines linestyle style(i) dashtype 4

set title 'What is left, against ε'
set logscale x
set format x '10^{%T}'
set xlabel 'velocity error ε'
set key at screen 0.69,0.2 left top vertical maxrows 4 width 1 Left reverse
plot 'data.csv' using (limit("shape", "LFM-10")):(column("measured")) \
    with linespoints linestyle 1 title 'one shape, slope 2', \
  '' using (limit("ripple", "LFM-10")):(column("measured")) \
    with linespoints linestyle 2 title 'ripples, slope 1', \
  '' using (limit("shape", "LFM-08")):(column("predicted")) \
    with lines linecolor 'black' linewidth 1.4 dashtype 3 title 'LFM-08, slope ½', \
  '' using (limit("shape", "LFM-10")):(column("predicted")) \
    with lines linecolor 'black' linewidth 1.4 dashtype 4 title 'LFM-10, slope 1'
unset multiplot
