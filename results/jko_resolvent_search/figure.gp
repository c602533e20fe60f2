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


# The dimensions that were searched, and the least rate of each.
dimensions = " "
collect(d) = (strstrt(dimensions, sprintf(" %d ", d)) == 0 \
  ? dimensions = dimensions.sprintf("%d ", d) : 0, 0)
stats 'data.csv' using (is("kind", "best") ? collect(column("dimension")) : 0) nooutput
best(d) = (is("kind", "best") && is("quantity", "rate") && column("dimension") == d) \
  ? column("measured") : NaN
above(d) = (is("kind", "descent") && column("dimension") == d) ? column("measured") - 1 : NaN
legend = ""
do for [d in dimensions] {
  stats 'data.csv' using (best(d + 0)) name 'least' nooutput
  legend = legend.sprintf("%.7f ", least_min)
}
set logscale xy
set xlabel 'pairs tried from one start'
set ylabel 'log({/:Italic W}_2 before / after) / log(1 + γλ) − 1'
set format y '10^{%T}'
set key bottom left Left reverse
set title 'Above the proved rate: a counterexample would be below zero'
plot for [i = 1:words(dimensions)] 'data.csv' \
    using (column("evaluation") * (1 + 0.06 * (i - 2))):(above(word(dimensions, i) + 0)) \
    with points linestyle i pointsize 0.5 \
    title sprintf('{/:Italic d} = %s, least rate %s', word(dimensions, i), word(legend, i))
