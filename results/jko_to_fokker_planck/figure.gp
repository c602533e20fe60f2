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


starts = "mixture translate narrow mixture mixture"
targets = "gaussian gaussian gaussian quartic log_cosh"
titles = "mixture;translate;narrow;mixture, quartic {/:Italic V};mixture, log cosh {/:Italic V};"
drop_first(list) = substr(list, strstrt(list, ";") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ";") - 1)
of(start, target, quantity, against) = is("start", start) && is("target", target) \
  && is("quantity", quantity) && is("against", against) ? column("step_size") : NaN
smooth(i, quantity, against) = of(word(starts, i), word(targets, i), quantity, against)

set multiplot layout 1,3 margins 0.065,0.985,0.13,0.93 spacing 0.075
set logscale xy
set xlabel 'step size γ'
set format y '10^{%T}'
set title 'Smooth data'
set ylabel 'largest {/:Italic W}_2({/:Italic p_n}, ρ_{{/:Italic n}γ})' offset 1.5
set yrange [1e-4:1e3]
set key at graph 0.02,0.98 left top Left reverse
plot for [i = 1:5] 'data.csv' using (smooth(i, "sup_w2", "first_order")):(column("predicted")) \
    with lines linestyle i linewidth 1.2 dashtype 3 notitle, \
  for [i = 1:5] '' using (smooth(i, "sup_w2", "first_order")):(column("measured")) \
    with linespoints linestyle i title take(titles, i), \
  NaN with lines linecolor '#909090' linewidth 1.2 dashtype 3 title 'proved: γ√({/:Italic I}_0/2)'

set title 'The same as a share of γ√({/:Italic I}_0/2)'
unset logscale y
set format y '%g'
set ylabel 'share' offset 1
set yrange [0:0.4]
set key at graph 0.98,0.97 right top
plot for [i = 1:5] 'data.csv' using (smooth(i, "share", "one")):(column("measured")) \
    with linespoints linestyle i notitle, \
  sqrt(2) / (2 * exp(1)) with lines linecolor '#404040' linewidth 1.2 dashtype 2 \
    title 'translate, γ → 0: √2/(2e)'

set title 'Rough data'
set logscale y
set format y '10^{%T}'
set ylabel '{/:Italic W}_2' offset 1.5
set yrange [1e-4:1e4]
set key at graph 0.02,0.98 left top Left reverse
plot 'data.csv' using (of("atom", "gaussian", "first_step_w2", "none")):(column("measured")) \
    with points linestyle 1 title 'atom, first step', \
  (sqrt(2) - 1) * sqrt(x) with lines linestyle 1 title '(√2 − 1) γ^{1/2}', \
  '' using (of("uniform", "gaussian", "first_step_w2", "none")):(column("measured")) \
    with points linestyle 2 title 'uniform, first step', \
  0.15 * x ** 0.75 with lines linestyle 2 dashtype 2 title 'slope 3/4', \
  '' using (of("atom", "gaussian", "sup_w2", "none")):(column("measured")) \
    with points linestyle 3 title 'atom, later', \
  '' using (of("uniform", "gaussian", "sup_w2", "moreau")):(column("measured")) \
    with points linestyle 4 title 'uniform, later', \
  0.2 * x with lines linestyle 8 dashtype 2 title 'slope 1', \
  '' using (of("uniform", "gaussian", "sup_w2", "half_order")):(column("predicted")) \
    with lines linestyle 4 linewidth 1.2 dashtype 3 title 'uniform, proved: √(γ KL_0)'
unset multiplot
