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


# The dimensions, as they stand in the file.
dimensions = " "
collect(word) = (strstrt(dimensions, " ".word." ") == 0 ? dimensions = dimensions.word." " : 0, 0)
stats 'data.csv' using (is("quantity", "mean_w2") ? collect(stringcolumn("dimension")) : 0) nooutput
count = words(dimensions)
d(i) = word(dimensions, i)
stats 'data.csv' using (is("quantity", "mean_w2") ? column("points") : NaN) nooutput
# Rows of one dimension, the points as abscissa.
at(i, quantity, against) = (is("dimension", d(i)) && is("quantity", quantity) \
  && is("against", against)) ? column("points") : NaN
style(i) = (i - 1) % 6 + 1
# Means whose interval is narrow enough to vote against the lower bound.
is_narrow(upper, lower) = upper - lower <= 0.9 * column("measured")
voting(x) = is_narrow(column("upper"), column("lower")) ? x : NaN
others(x) = is_narrow(column("upper"), column("lower")) ? NaN : x

set multiplot
set logscale x 2
set xrange [STATS_min / 1.3:STATS_max * 1.3]
set format x '2^{%L}'
set xlabel 'points of each sample {/:Italic n}'
set bmargin at screen 0.30
set tmargin at screen 0.93

set lmargin at screen 0.065
set rmargin at screen 0.425
set logscale y
set title 'Two samples of one law; rates through the first point'
set ylabel 'mean {/:Italic W}_2' offset 1
set key at screen 0.06,0.185 left top vertical maxrows 4 width 3 Left reverse
plot for [i = 1:count] 'data.csv' \
    using (at(i, "mean_w2", "general")):(column("predicted")) \
    with lines linestyle style(i) linewidth 1.6 dashtype 3 notitle, \
  for [i = 1:count] '' using (at(i, "mean_w2", "normal")):(column("predicted")) \
    with lines linestyle style(i) linewidth 1.4 notitle, \
  for [i = 1:count] '' using (at(i, "mean_w2", "floor")):(column("predicted")) \
    with lines linestyle style(i) linewidth 1.2 dashtype 2 notitle, \
  for [i = 1:count] '' \
    using (others(at(i, "mean_w2", "normal"))):(column("measured")):(column("lower")): \
    (column("upper")) with yerrorbars linestyle style(i) linewidth 1.1 pointtype 6 pointsize 0.7 \
    notitle, \
  for [i = 1:count] '' \
    using (voting(at(i, "mean_w2", "normal"))):(column("measured")):(column("lower")): \
    (column("upper")) with yerrorbars linestyle style(i) linewidth 1.1 pointtype 7 pointsize 0.7 \
    notitle, \
  for [i = 1:count] NaN with points linestyle style(i) pointtype 7 pointsize 0.8 \
    title '{/:Italic d} = '.d(i), \
  for [i = 1:count] '' \
    using (at(i, "mean_squared", "reference")):(sqrt(column("predicted"))) \
    with points linecolor 'black' linewidth 1.3 pointtype 4 pointsize 1.0 notitle, \
  NaN with lines linecolor '#808080' linewidth 1.6 dashtype 3 \
    title 'rate of any law', \
  NaN with lines linecolor '#808080' linewidth 1.4 \
    title "the normal law's rate", \
  NaN with lines linecolor '#808080' linewidth 1.2 dashtype 2 title 'proved lower bound', \
  NaN with points linecolor 'black' linewidth 1.3 pointtype 4 pointsize 1.0 \
    title "another code's draws", \
  NaN with points linecolor '#808080' linewidth 1.1 pointtype 6 pointsize 0.8 \
    title 'does not vote', \
  NaN with lines linecolor 'black' linewidth 1.4 title 'exact mean square'

unset logscale y
set key off
set xtics 1,4,2**20
if (strstrt(dimensions, " 1 ") > 0) {
  line_of(against) = (is("dimension", "1") && is("quantity", "mean_squared") \
    && is("against", against)) ? column("points") : NaN
  scaled(name) = column("points") * column(name)
  set lmargin at screen 0.505
  set rmargin at screen 0.69
  set title 'On the line, grows like log log {/:Italic n}'
  set ylabel '{/:Italic n} × mean {/:Italic W}@_2^2' offset 1
  plot 'data.csv' using (line_of("exact")):(scaled("predicted")) \
      with lines linecolor 'black' linewidth 1.4, \
    '' using (line_of("exact")):(scaled("measured")):(scaled("lower")):(scaled("upper")) \
      with yerrorbars linestyle 1 linewidth 1.1 pointtype 6 pointsize 0.8, \
    '' using (line_of("reference")):(scaled("predicted")) \
      with points linecolor 'black' linewidth 1.3 pointtype 4 pointsize 1.0
}

# What a slope costs, on the right.
set lmargin at screen 0.765
set rmargin at screen 0.915
set title 'Slope up to {/:Italic n}'
set ylabel 'slope of log {/:Italic W}_2 in log {/:Italic n}' offset 1
set y2label 'times the points for half the value' rotate by 270 offset -1
set ytics nomirror
set link y2
set y2tics nomirror out ('×4' -1/2., '×8' -1/3., '×16' -1/4., '×32' -1/5., '×1024' -1/10.)
set border 11
aside(i, x) = x * 2 ** (0.14 * (i - 0.5 * (count + 1)))  # error bars beside each other
plot for [i = 1:count] 'data.csv' using (at(i, "slope", "general")):(column("predicted")) \
    with lines linestyle style(i) linewidth 1.6 dashtype 3, \
  for [i = 1:count] '' using (at(i, "slope", "normal")):(column("predicted")) \
    with lines linestyle style(i) linewidth 1.4, \
  for [i = 1:count] '' \
    using (aside(i, at(i, "slope", "normal"))):(column("measured")):(column("lower")): \
    (column("upper")) with yerrorbars linestyle style(i) linewidth 1.1 pointtype 6 pointsize 0.7
unset multiplot
