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


# The potentials that were measured, as they stand in the file, a comma after each.
potentials = ","
collect(word) = (strstrt(potentials, ",".word.",") == 0 ? potentials = potentials.word."," : 0, 0)
stats 'data.csv' using (is("against", "curvature") ? collect(stringcolumn("potential")) : 0) nooutput
drop_first(list) = substr(list, strstrt(list, ",") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ",") - 1)
count = 0
do for [i = 2:strlen(potentials)] { if (potentials[i:i] eq ",") { count = count + 1 } }
potentials = drop_first(potentials)
name(i) = take(potentials, i)
title_of(word) = word[1:6] eq "ripple" ? '{/:Italic x}^2/2 + '.word[8:*].' cos 2{/:Italic x}' \
  : 'double well'
of(word, quantity, against) = is("potential", word) && is("quantity", quantity) \
  && is("against", against) ? column("n") : NaN

set multiplot layout 1,2 margins 0.075,0.985,0.13,0.93 spacing 0.09
set title 'Relative entropy of exact steps'
set xlabel 'step {/:Italic n}'
set ylabel 'KL({/:Italic p_n} ‖ {/:Italic q})  (nats)' offset 1.5
set logscale y
set format y '10^{%T}'
set yrange [1e-10:1e5]
set key at graph 0.98,0.97 right top Left reverse
plot for [i = 1:count] 'data.csv' using (of(name(i), "kl", "log_sobolev")):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:count] '' using (of(name(i), "kl", "curvature")):(column("predicted")) \
    with lines linestyle i linewidth 1.4 dashtype 3 notitle, \
  for [i = 1:count] '' using (of(name(i), "kl", "log_sobolev")):(column("measured")) every 4 \
    with points linestyle i pointsize 0.5 title title_of(name(i)), \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'proved: log-Sobolev', \
  NaN with lines linecolor '#909090' linewidth 1.4 dashtype 3 title 'as if convex: not a bound'

set title 'The rate λ that a step shows, KL falling by (1 + γλ)^2'
set ylabel 'rate' offset 1.5
set yrange [1e-2:20]
set key at graph 0.98,0.97 right top
plot for [i = 1:count] 'data.csv' using (of(name(i), "rate", "gap")):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:count] '' using (of(name(i), "rate", "gap")):(column("measured")) every 4 \
    with points linestyle i pointsize 0.5 notitle, \
  1 with lines linecolor '#909090' linewidth 1.4 dashtype 3 title 'λ = 1', \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'spectral gap', \
  NaN with points linecolor '#909090' pointtype 7 pointsize 0.5 title 'measured'
unset multiplot
