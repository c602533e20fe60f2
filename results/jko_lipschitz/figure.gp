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


names = "gaussian;wide;medium;narrow;two modes;"
titles = "N(0, 4);log-concave, α_0 = 0.05;log-concave, α_0 = 0.4;log-concave, α_0 = 2;two modes;"
drop_first(list) = substr(list, strstrt(list, ";") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ";") - 1)
of(i, quantity, against) = is("data", take(names, i)) && is("quantity", quantity) \
  && is("against", against) ? column("n") : NaN

set multiplot layout 1,2 margins 0.065,0.985,0.13,0.93 spacing 0.09
set logscale y
set xlabel 'step {/:Italic n}'
set xrange [0.5:*]
set title 'One block back, {/:Italic p_n} → {/:Italic p_n}_{−1}'
set ylabel 'Lipschitz constant' offset 1
set yrange [0.5:100]
set key at graph 0.98,0.97 right top Left reverse
plot for [i = 1:4] 'data.csv' using (of(i, "block", "log_concavity")):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:4] '' using (of(i, "block", "log_concavity")):(column("measured")) \
    with points linestyle i title take(titles, i), \
  '' using (of(5, "block", "none")):(column("measured")) \
    with points linestyle 8 title take(titles, 5), \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'proved from α_0'

set title 'All of them, {/:Italic p_n} → {/:Italic p}_0'
unset ylabel
set yrange [0.5:1e7]
set format y '10^{%T}'
plot for [i = 1:4] 'data.csv' using (of(i, "composite", "power")):(column("predicted")) \
    with lines linestyle i linewidth 1.2 dashtype 3 notitle, \
  '' using (of(5, "composite", "power")):(column("predicted")) \
    with lines linestyle 8 linewidth 1.2 dashtype 3 notitle, \
  for [i = 1:4] '' using (of(i, "composite", "log_concavity")):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:4] '' using (of(i, "composite", "log_concavity")):(column("measured")) \
    with points linestyle i notitle, \
  '' using (of(5, "composite", "power")):(column("measured")) with points linestyle 8 notitle, \
  NaN with lines linecolor '#909090' linewidth 1.8 title '√(α_{/:Italic n}/α_0)', \
  NaN with lines linecolor '#909090' linewidth 1.2 dashtype 3 \
    title '{/:Italic L^n}, {/:Italic L} the largest of the blocks'
unset multiplot
