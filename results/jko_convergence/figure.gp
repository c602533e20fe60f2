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
stats 'data.csv' using (is("quantity", "w2_squared") && column("epsilon") > 0 \
  ? collect(stringcolumn("epsilon")) : 0) nooutput
count = words(epsilons)
# gnuplot goes through a loop once where there is nothing to go through.
legend(i) = count == 0 ? "" : sprintf('ε = %g', word(epsilons, i) + 0)
row_of(e, field, against, quantity) = (is("field", field) && is("against", against) \
  && is("quantity", quantity) && is("epsilon", e) && column("replicate") == 0) ? column("n") : NaN
hollow(x) = is_empty("verdict") ? x : NaN
solid(x) = is_empty("verdict") ? NaN : x

set multiplot layout 1,3 margins 0.065,0.985,0.27,0.93 spacing 0.08
set xlabel 'step {/:Italic n}'
set format y '10^{%T}'
set logscale y
set xrange [0:*]
set yrange [1e-6:1e2]
do for [panel = 1:2] {
  quantity = panel == 1 ? "w2_squared" : "kl"
  if (panel == 1) { set title 'Squared distance' } else { set title 'Relative entropy' }
  if (panel == 1) { set ylabel '{/:Italic W}@_2^2({/:Italic p_n}, {/:Italic q})' offset 1.5 } \
  else { set ylabel 'KL({/:Italic p_n} ‖ {/:Italic q})  (nats)' offset 1.5 }
  if (panel == 1) { set key at screen 0.06,0.15 left top vertical maxrows 3 width 2 Left reverse } \
  else { unset key }
  plot for [i = 1:count] 'data.csv' \
      using (row_of(word(epsilons, i), "adversarial", "paper", quantity)):(column("predicted")) \
      with lines linestyle i linewidth 1.4 dashtype 3 notitle, \
    for [i = 1:count] '' \
      using (row_of(word(epsilons, i), "adversarial", "sharp", quantity)):(column("predicted")) \
      with lines linestyle i notitle, \
    for [i = 1:count] '' \
      using (row_of(word(epsilons, i), "adversarial", "floor", quantity)):(column("predicted")) \
      with lines linestyle i linewidth 0.8 dashtype 2 notitle, \
    for [i = 1:count] '' \
      using (solid(row_of(word(epsilons, i), "random", "sharp", quantity))):(column("measured")) \
      with points linestyle i linewidth 1 pointtype 2 pointsize 0.5 notitle, \
    for [i = 1:count] '' \
      using (hollow(row_of(word(epsilons, i), "adversarial", "sharp", quantity))): \
      (column("measured")) with points linestyle i pointtype 6 notitle, \
    for [i = 1:count] '' \
      using (solid(row_of(word(epsilons, i), "adversarial", "sharp", quantity))): \
      (column("measured")) with points linestyle i pointtype 7 \
      title legend(i), \
    '' using (row_of("0", "exact", "sharp", quantity)):(column("predicted")) \
      with lines linecolor 'black' linewidth 1.8 notitle, \
    '' using (solid(row_of("0", "exact", "sharp", quantity))):(column("measured")) \
      with points linecolor 'black' pointtype 7 title 'ε = 0', \
    '' using (hollow(row_of("0", "exact", "sharp", quantity))):(column("measured")) \
      with points linecolor 'black' pointtype 6 notitle, \
    NaN with points linecolor '#909090' pointtype 7 title 'adversarial error', \
    NaN with points linecolor '#909090' pointtype 2 pointsize 0.5 title 'random error', \
    NaN with lines linecolor '#909090' linewidth 1.8 title 'sharp bound', \
    NaN with lines linecolor '#909090' linewidth 1.4 dashtype 3 title "paper's bound", \
    NaN with lines linecolor '#909090' linewidth 0.8 dashtype 2 title 'floor: {/:Italic n} → ∞'
}

set format y '%g'
set title 'Steps to {/:Italic W_n} ≤ 2ε/λ'
set xlabel 'log(1/ε)'
set ylabel 'first such {/:Italic n}' offset 1.5
set xrange [*:*]
set yrange [2:500]
set key at graph 0.97,0.03 right bottom vertical maxrows 5 Left reverse
hit(field, against) = (is("quantity", "first_hit") && is("field", field) \
  && is("against", against)) ? -log(column("epsilon")) : NaN
plot 'data.csv' using (hit("adversarial", "paper")):(column("predicted")) \
    with lines linestyle 2 dashtype 3 title "paper's {/:Italic N}", \
  '' using (hit("adversarial", "sharp")):(column("predicted")) \
    with lines linestyle 1 title 'sharp {/:Italic N}', \
  '' using (solid(hit("adversarial", "sharp"))):(column("measured")) \
    with points linecolor 'black' pointtype 7 title 'adversarial error', \
  '' using (solid(hit("random", "sharp"))):(column("measured")) \
    with points linecolor 'black' pointtype 2 pointsize 0.5 title 'random error', \
  for [field in "adversarial random"] '' using (hollow(hit(field, "sharp"))):(column("measured")) \
    with points linecolor 'black' pointtype 6 notitle
unset multiplot
