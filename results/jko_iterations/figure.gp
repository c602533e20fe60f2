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


# The γ and the ε that were measured, as they stand in the file.
gammas = " "
epsilons = " "
collect_gamma(word) = (strstrt(gammas, " ".word." ") == 0 ? gammas = gammas.word." " : 0, 0)
collect_epsilon(word) = (strstrt(epsilons, " ".word." ") == 0 ? epsilons = epsilons.word." " : 0, 0)
stats 'data.csv' using (collect_gamma(stringcolumn("step_size"))) nooutput
stats 'data.csv' using (collect_epsilon(stringcolumn("epsilon"))) nooutput
# First, middle and last of each.
three(list) = words(list) < 3 ? list : word(list, 1)." ".word(list, (words(list) + 2) / 2) \
  ." ".word(list, words(list))
gammas = three(gammas)
epsilons = three(epsilons)
of(data, against) = is("data", data) && is("against", against)
at_gamma(data, against, g) = of(data, against) && is("step_size", g) \
  ? -log10(column("epsilon")) : NaN
at_epsilon(data, against, e) = of(data, against) && is("epsilon", e) ? column("step_size") : NaN

set multiplot layout 1,2 margins 0.07,0.985,0.13,0.93 spacing 0.09
set logscale y
set yrange [1:1e5]
set title 'Steps to KL ≤ 9ε^2/(2γ), against the error'
set xlabel 'log_{10}(1/ε)'
set ylabel 'number of steps' offset 1
set key at graph 0.02,0.98 left top Left reverse vertical maxrows 4
plot for [i = 1:words(gammas)] 'data.csv' \
    using (at_gamma("translate", "paper", word(gammas, i))):(column("predicted")) \
    with lines linestyle i linewidth 1.4 dashtype 3 notitle, \
  for [i = 1:words(gammas)] '' \
    using (at_gamma("translate", "sharp", word(gammas, i))):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:words(gammas)] '' \
    using (at_gamma("translate", "sharp", word(gammas, i))):(column("measured")) \
    with points linestyle i title sprintf('γ = %g', word(gammas, i) + 0), \
  for [i = 1:words(gammas)] '' \
    using (at_gamma("mixture", "sharp", word(gammas, i))):(column("measured")) \
    with points linestyle i linewidth 1 pointtype 2 pointsize 0.6 notitle, \
  NaN with points linecolor '#909090' pointtype 7 title 'translate, {/:Italic V} = {/:Italic x}^2/2', \
  NaN with points linecolor '#909090' pointtype 2 pointsize 0.6 title 'mixture, quartic {/:Italic V}', \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'sharp {/:Italic N}', \
  NaN with lines linecolor '#909090' linewidth 1.4 dashtype 3 title "paper's {/:Italic N}"

set title 'The same against the step size'
set logscale x
set xlabel 'step size γ'
unset ylabel
plot for [i = 1:words(epsilons)] 'data.csv' \
    using (at_epsilon("translate", "paper", word(epsilons, i))):(column("predicted")) \
    with lines linestyle i linewidth 1.4 dashtype 3 notitle, \
  for [i = 1:words(epsilons)] '' \
    using (at_epsilon("translate", "sharp", word(epsilons, i))):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:words(epsilons)] '' \
    using (at_epsilon("translate", "sharp", word(epsilons, i))):(column("measured")) \
    with points linestyle i title sprintf('ε = %g', word(epsilons, i) + 0), \
  for [i = 1:words(epsilons)] '' \
    using (at_epsilon("mixture", "sharp", word(epsilons, i))):(column("measured")) \
    with points linestyle i linewidth 1 pointtype 2 pointsize 0.6 notitle
unset multiplot
