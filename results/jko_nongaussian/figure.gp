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


# The ε that were followed, as they stand in the file.
epsilons = " "
collect(word) = (strstrt(epsilons, " ".word." ") == 0 ? epsilons = epsilons.word." " : 0, 0)
stats 'data.csv' using (is("quantity", "w2") ? collect(stringcolumn("epsilon")) : 0) nooutput
count = words(epsilons)
names = "gaussian quartic log_cosh flat_log_cosh flat_quartic plane"
titles = "{/:Italic x}^2/2;{/:Italic x}^2/2 + {/:Italic x}^4/4;{/:Italic x}^2/4 + ½ log 2 cosh 2{/:Italic x};log 2 cosh {/:Italic x};{/:Italic x}^4/4;|{/:Italic x}|^2/2, plane;"
drop_first(list) = substr(list, strstrt(list, ";") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ";") - 1)
row_of(name, e, quantity, against) = is("potential", name) && is("epsilon", e) \
  && is("quantity", quantity) && is("against", against) ? column("n") : NaN
measured_of(name, e, quantity) = \
  row_of(name, e, quantity, "sharp") == row_of(name, e, quantity, "sharp") ? column("n") \
  : row_of(name, e, quantity, "none")

set multiplot layout 2,6 rowsfirst margins 0.065,0.99,0.2,0.93 spacing 0.022,0.045
set logscale y
set format y '10^{%T}'
set yrange [1e-7:50]
set xrange [0:*]
set xtics 10
unset key
do for [panel = 1:12] {
  quantity = panel <= 6 ? "kl" : "w2"
  column_of = (panel - 1) % 6 + 1
  name = word(names, column_of)
  if (panel <= 6) { set title '{/:Italic V} = '.take(titles, column_of) } else { unset title }
  if (column_of == 1) {
    set format y '10^{%T}'
    if (panel == 1) { set ylabel 'KL (nats)' offset 1.5 } \
    else { set ylabel '{/:Italic W}_2({/:Italic p_n}, {/:Italic q})' offset 1.5 }
  } else { unset ylabel; set format y '' }
  if (panel <= 6) { set format x ''; unset xlabel } \
  else { set format x '%g'; set xlabel 'step {/:Italic n}' }
  if (panel == 7) { set key at screen 0.065,0.085 left top vertical maxrows 2 width 1 Left reverse }
  plot for [i = 1:count] 'data.csv' \
      using (row_of(name, word(epsilons, i), quantity, "paper")):(column("predicted")) \
      with lines linestyle i linewidth 1.4 dashtype 3 notitle, \
    for [i = 1:count] '' \
      using (row_of(name, word(epsilons, i), quantity, "sharp")):(column("predicted")) \
      with lines linestyle i notitle, \
    for [i = 1:count] '' \
      using (row_of(name, word(epsilons, i), "mean_kl", "sharp")): \
      (quantity eq "kl" ? column("predicted") : NaN) \
      with lines linestyle i linewidth 1.2 dashtype 4 notitle, \
    for [i = 1:count] '' \
      using (row_of(name, word(epsilons, i), quantity, "floor")): \
      (column("predicted") > 1e-12 ? column("predicted") : NaN) \
      with lines linestyle i linewidth 0.8 dashtype 2 notitle, \
    for [i = 1:count] '' \
      using (measured_of(name, word(epsilons, i), quantity)):(column("measured")) \
      with points linestyle i pointsize 0.5 title sprintf('ε = %g', word(epsilons, i) + 0), \
    NaN with lines linecolor '#909090' linewidth 1.8 title 'sharp bound', \
    NaN with lines linecolor '#909090' linewidth 1.4 dashtype 3 title 'paper or textbook', \
    NaN with lines linecolor '#909090' linewidth 0.8 dashtype 2 title 'floor', \
    NaN with lines linecolor '#909090' linewidth 1.2 dashtype 4 title 'bound of the mean'
  unset key
}
unset multiplot
