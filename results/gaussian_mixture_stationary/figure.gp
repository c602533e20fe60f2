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


at(m, r) = is("quantity", "symkl") && is("method", m) && column("repeat") == r
curve(m, r) = at(m, r) ? column("t") : NaN
last(m) = is("quantity", "symkl") && is("method", m) && column("t") > 3.999
middle(m) = is("quantity", "median_symkl") && is("method", m)
set multiplot
set logscale y
set format y '10^{%T}'
set yrange [1e-3:10]
set ylabel 'SymKL to the target' offset 1

set lmargin at screen 0.075
set rmargin at screen 0.500
set bmargin at screen 0.130
set tmargin at screen 0.930
set title 'From N(0, 16 I) to mixtures in the plane'
set xlabel 'time {/:Italic t}'
set xrange [0:4.25]
set key at graph 0.98,0.98 right top
plot for [r = 0:4] 'data.csv' using (curve("exact_jko", r)):"measured" with lines \
    linestyle r + 1 notitle, \
  for [r = 0:4] '' using (curve("fokker_planck", r)):"measured" with lines linestyle r + 1 \
    linewidth 1.2 dashtype 3 notitle, \
  for [r = 0:4] '' using (curve("icnn_jko", r) + 0.1):"measured" with points linestyle r + 1 \
    pointsize 1 notitle, \
  NaN with lines linecolor '#606060' linewidth 1.8 title 'exact JKO steps', \
  NaN with lines linecolor '#606060' linewidth 1.2 dashtype 3 title 'Fokker–Planck', \
  NaN with points linecolor '#606060' pointtype 7 title 'ICNN-JKO, published'

methods = "fokker_planck exact_jko icnn_jko em_50k em_10k em_1k em_proxrec_1k em_proxrec_400"
names = "'Fokker–Planck' 'exact JKO' 'ICNN-JKO' 'EM 50k' 'EM 10k' 'EM 1k' 'ProxRec 1k' 'ProxRec 400'"
set lmargin at screen 0.580
set rmargin at screen 0.985
set bmargin at screen 0.210
set title '{/:Italic t} = 4: each target, and the median'
unset xlabel
unset ylabel
set key off
set xrange [0.4:8.6]
set xtics ('' 0) rotate by 35 right
do for [i = 1:8] { set xtics add (word(names, i) i) }
plot for [i = 1:8] 'data.csv' using (middle(word(methods, i)) ? i : NaN):"measured":(0.3) \
    with xerrorbars linecolor '#404040' linewidth 2.4 pointtype 0, \
  for [i = 1:8] for [r = 0:4] '' \
    using (last(word(methods, i)) && column("repeat") == r ? i + 0.08 * (r - 2) : NaN):"measured" \
    with points linestyle r + 1 pointsize 0.9
unset multiplot
