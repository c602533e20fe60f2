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


set terminal svg size 1100,900 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
errors = "shift sine growth bump"
of(target, error, against) = is("target", target) && is("schedule", "linear") \
  && is("error", error) && is("against", against) ? column("size") : NaN

set multiplot layout 2,2 margins 0.075,0.985,0.06,0.95 spacing 0.06,0.11
set logscale xy
set xlabel 'size of the error of {/:Italic v}' offset 0,0.6
set format x '10^{%T}'
set format y '10^{%T}'
set xrange [0.007:4]
set yrange [1e-3:3000]
set ylabel '{/:Italic W}_2 of the generated law' offset 1
set title 'N(0, ¼), linear schedule'
set key at graph 0.02,0.98 left top Left reverse
plot for [i = 1:4] 'data.csv' using (of("gaussian", word(errors, i), "minkowski")):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:4] '' using (of("gaussian", word(errors, i), "gronwall")):(column("predicted")) \
    with lines linestyle i linewidth 1.2 dashtype 3 notitle, \
  for [i = 1:4] '' using (of("gaussian", word(errors, i), "minkowski")):(column("measured")) \
    with points linestyle i title word(errors, i), \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'Alekseev–Gröbner', \
  NaN with lines linecolor '#909090' linewidth 1.2 dashtype 3 title 'Gronwall'

set title 'Two centres ±1, σ = 0.6'
unset ylabel
unset key
plot for [i = 1:4] 'data.csv' using (of("two centres", word(errors, i), "minkowski")):(column("predicted")) \
    with lines linestyle i notitle, \
  for [i = 1:4] '' using (of("two centres", word(errors, i), "gronwall")):(column("predicted")) \
    with lines linestyle i linewidth 1.2 dashtype 3 notitle, \
  for [i = 1:4] '' using (of("two centres", word(errors, i), "minkowski")):(column("measured")) \
    with points linestyle i notitle

set title 'Two centres, bump: the schedules'
set ylabel '{/:Italic W}_2 divided by size' offset 1
schedules = "linear foellmer trigonometric polynomial"
names = "linear Föllmer trigonometric polynomial"
bump(schedule) = is("target", "two centres") && is("schedule", schedule) && is("error", "bump") \
  && is("against", "minkowski") ? column("size") : NaN
unset logscale y
set format y '%g'
set yrange [0.3:2.2]
set key at graph 0.02,0.98 left top Left reverse
plot for [i = 1:4] 'data.csv' using (bump(word(schedules, i))):(column("measured")/column("size")) \
    with points linestyle i title word(names, i), \
  for [i = 1:4] '' using (bump(word(schedules, i))):(column("predicted")/column("size")) \
    with lines linestyle i notitle, \
  NaN with lines linecolor '#909090' linewidth 1.8 title 'Alekseev–Gröbner'
unset ylabel
set yrange [0.8:4.5]

set title '{/:Italic v} = 0 and growth: which law?'
still(against) = is("target", "standard") && is("against", against) ? column("size") : NaN
set key at graph 0.02,0.98 left top Left reverse
plot 'data.csv' using (still("minkowski")):(column("predicted")/column("size")) with lines linestyle 1 \
    title 'exact constant, perturbed law', \
  '' using (still("gronwall")):(column("predicted")/column("size")) with lines linestyle 3 \
    title 'perturbed constant, exact law', \
  '' using (still("mixed_up")):(column("predicted")/column("size")) with lines linestyle 2 dashtype 3 \
    title 'exact constant, exact law: no bound', \
  '' using (still("minkowski")):(column("measured")/column("size")) with points linestyle 8 title 'measured'
unset multiplot
