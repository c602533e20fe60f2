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


# The data laws that were followed, as they stand in the file.
names = " "
collect(word) = (strstrt(names, " ".word." ") == 0 ? names = names.word." " : 0, 0)
stats 'data.csv' using (is("quantity", "kl") ? collect(stringcolumn("data")) : 0) nooutput
count = words(names)
title_of(i) = (k = strstrt(word(names, i), "_"), k == 0 ? word(names, i) \
  : substr(word(names, i), 1, k - 1)." ".substr(word(names, i), k + 1, k + 1))
of(name, quantity, against) = is("data", name) && is("quantity", quantity) && is("against", against)
error_of(i, quantity, against) = of(word(names, i), quantity, against) && column("epsilon") > 0 \
  ? column("epsilon") : NaN
delta_of(i, quantity, against) = of(word(names, i), quantity, against) && column("epsilon") == 0 \
  && column("inversion_error") == 0 ? column("delta") : NaN
inversion_of(i, quantity, against) = of(word(names, i), quantity, against) \
  && column("inversion_error") > 0 ? column("inversion_error") : NaN

set multiplot layout 1,3 margins 0.06,0.985,0.13,0.93 spacing 0.075
set logscale xy
set format y '10^{%T}'
set title 'KL and TV of data and generated law'
set xlabel 'error of each step, ε'
unset ylabel
set yrange [1e-6:1e8]
set key at graph 0.02,0.98 left top Left reverse
plot for [i = 1:count] 'data.csv' using (error_of(i, "kl", "sharp")):(column("measured")) \
    with points linestyle i title 'KL, '.title_of(i), \
  '' using (error_of(1, "kl", "sharp")):(column("predicted")) \
    with lines linecolor '#404040' linewidth 1.8 title 'ε^2(½ + 1/γ)', \
  '' using (error_of(1, "kl", "paper")):(column("predicted")) \
    with lines linecolor '#404040' linewidth 1.4 dashtype 3 title '9ε^2/(2γ)', \
  for [i = 1:count] '' using (error_of(i, "total_variation", "paper")):(column("measured")) \
    with points linestyle i pointtype 2 pointsize 0.6 title i == count ? 'TV, the same' : '', \
  for [i = 1:count] '' using (error_of(i, "total_variation", "pinsker")):(column("predicted")) \
    with lines linestyle i linewidth 1.2 notitle, \
  '' using (error_of(1, "total_variation", "paper")):(column("predicted")) \
    with lines linestyle 3 linewidth 1.4 dashtype 3 title '3ε/(2√γ)', \
  NaN with lines linecolor '#909090' linewidth 1.2 title '√(KL/2)'

set title 'Distance to the data, exact steps'
set xlabel 'time δ of the first move'
set yrange [1e-4:1e5]
plot for [i = 1:count] 'data.csv' \
    using (delta_of(i, "w2_smoothing", "coupling")):(column("measured")) \
    with points linestyle i title '{/:Italic W}_2({/:Italic P}, {/:Italic p}_0), '.title_of(i), \
  for [i = 1:count] '' using (delta_of(i, "w2_smoothing", "coupling")):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:count] '' using (delta_of(i, "w2_smoothing", "root")):(column("predicted")) \
    with lines linestyle i linewidth 1.4 dashtype 3 notitle, \
  for [i = 1:count] '' using (delta_of(i, "w2_generated", "generated")):(column("measured")) \
    with points linestyle i linewidth 1 pointtype 2 pointsize 0.6 \
    title i == count ? '{/:Italic W}_2({/:Italic P}, {/:Italic q}_0), the same' : '', \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'proved by coupling', \
  NaN with lines linecolor '#909090' linewidth 1.4 dashtype 3 title '√(({/:Italic M}_2 + 2)δ)'

set title 'Inexact inverses'
set xlabel 'ε_{inv}'
set yrange [1e-6:1e9]
plot for [i = 1:count] 'data.csv' using (inversion_of(i, "w2_inversion", "shift")):(column("measured")) \
    with points linestyle i title '{/:Italic W}_2({/:Italic q}_0, {/:Italic q̃}_0), shift, '.title_of(i), \
  for [i = 1:count] '' using (inversion_of(i, "w2_inversion", "rounding")):(column("measured")) \
    with points linestyle i linewidth 1 pointtype 2 pointsize 0.6 \
    title i == count ? 'rounding, the same' : '', \
  for [i = 1:count] '' using (inversion_of(i, "w2_inversion", "shift")):(column("predicted")) \
    with lines linestyle i notitle, \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'Σ_k ε_{inv} Π_{j≤k} {/:Italic L_j}'
unset multiplot
