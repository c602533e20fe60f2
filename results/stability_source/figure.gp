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


targets = "gaussian;two centres;weights 0.1 and 0.9;"
titles = "N(0, ¼);centres ±1, σ = 0.6;the same, weights 0.1 and 0.9;"
drop_first(list) = substr(list, strstrt(list, ";") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ";") - 1)
of(i, against) = is("target", take(targets, i)) && is("against", against) ? column("data_scale") : NaN
set multiplot layout 1,2 margins 0.085,0.985,0.13,0.92 spacing 0.1
set logscale xy
set xlabel '{/:Italic b}_0, what the source still has of the data'
set xrange [0.008:1.2]
set format y '10^{%T}'
set title 'What is generated from N(0, {/:Italic a}@_0^2)'
set ylabel '{/:Italic W}_2 to the target' offset 1
set key at graph 0.98,0.03 right bottom Left reverse
set yrange [1e-6:10]
plot for [i = 1:3] 'data.csv' using (of(i, "source")):(column("predicted")) with lines linestyle i notitle, \
  for [i = 1:3] '' using (of(i, "moment")):(column("predicted")) \
    with lines linestyle i linewidth 1.2 dashtype 3 notitle, \
  for [i = 1:3] '' using (of(i, "source")):(column("measured")) with points linestyle i title take(titles, i), \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'Lip {/:Italic W}_2 of the sources', \
  NaN with lines linecolor '#909090' linewidth 1.2 dashtype 3 title 'Lip {/:Italic b}_0 √E|{/:Italic X}_1|^2'

set title 'Tightness, measured over bound'
set ylabel 'ratio' offset 1
unset logscale y
set format y '%g'
set yrange [0:1.1]
plot for [i = 1:3] 'data.csv' using (of(i, "source")):(column("measured")/column("predicted")) \
    with linespoints linestyle i pointsize 0.4 notitle, \
  for [i = 1:3] '' using (of(i, "moment")):(column("measured")/column("predicted")) \
    with lines linestyle i linewidth 1.2 dashtype 3 notitle, \
  1 with lines linecolor '#909090' linewidth 1 notitle
unset multiplot
