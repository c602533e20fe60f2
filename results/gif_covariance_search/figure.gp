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


set terminal svg size 900,480 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
# Names in the order of the file, each followed by a semicolon.
drop_first(list) = substr(list, strstrt(list, ";") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ";") - 1)
count(list) = strlen(list) == 0 ? 0 : 1 + count(drop_first(list))
with(list, name) = strstrt(";".list, ";".name.";") == 0 ? list.name.";" : list
parts = ""
collect(name) = (parts = with(parts, name), 1)
stats 'data.csv' using (is("kind", "best") ? collect(stringcolumn("part")) : 1) nooutput
of(part, kind) = is("part", part) && is("kind", kind) && is("quantity", "margin") \
  ? column("evaluation") : NaN
shown(margin) = margin > 1e-16 ? margin : 1e-16
caught(margin) = margin < -1 ? 1 : -margin
set logscale xy
set yrange [1e-17:3]
set format x '10^{%T}'
set format y '10^{%T}'
set key outside right
set xlabel 'instances tried from one start'
set title 'Least margin 1 − lhs/rhs of all starts (lines); by how much a wrong bound is caught (crosses)'
plot for [i = 1:count(parts)] 'data.csv' \
    using (of(take(parts, i), "descent")):(shown(column("measured"))) \
    with linespoints linestyle i linewidth 1.4 pointsize 0.3 title take(parts, i), \
  for [i = 1:count(parts)] '' \
    using (of(take(parts, i), "control")):(caught(column("measured"))) \
    with points linestyle i pointtype 2 pointsize 1 notitle
