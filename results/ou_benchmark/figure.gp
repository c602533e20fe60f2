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


set terminal svg size 1200,1080 dynamic enhanced font 'DejaVu Sans,13' background '#ffffff'
set output 'figure.svg'
set multiplot
# Rows of one method at one time; the abscissa is the dimension.
near(name, x) = abs(column(name) - x) < 1e-9
at(m, t) = (is("quantity", "log10_symkl") && is("method", m) && near("t", t)) ? column("dim") : NaN
scheme(h, t) = near("h", h) ? at("exact_jko", t) : NaN
drawn(m, n, t) = near("particles", n) ? at(m, t) : NaN
colour(n) = n eq "1000" ? '#d55e00' : n eq "10000" ? '#e69f00' : '#cc79a7'

set xrange [0.5:12.5]
set yrange [-6:2.2]
set xtics 1,1,12
set xlabel 'dimension {/:Italic D}' offset 0,0.4
set bmargin at screen 0.560
set tmargin at screen 0.965
do for [panel = 1:2] {
  t = panel == 1 ? 0.5 : 0.9
  set lmargin at screen (panel == 1 ? 0.062 : 0.427)
  set rmargin at screen (panel == 1 ? 0.393 : 0.758)
  set title sprintf('{/:Italic t} = %.1f', t) offset 0,-0.6
  if (panel == 1) { set ylabel 'median of log_{10} SymKL' offset 1.2,0 } else { unset ylabel }
  if (panel == 1) { set key off } \
  else { set key on at screen 0.772,0.965 left top Left reverse samplen 2.5 spacing 1.32 maxrows 16 }
  plot for [n in "1000 10000 50000"] 'data.csv' using (drawn("particles", real(n), t)):"measured" \
      with lines linewidth 2.4 linecolor rgb colour(n) notitle, \
    '' using (at("em_1k", t)):"measured" with points pointtype 6 linewidth 1.4 \
      linecolor rgb colour("1000") title 'particles + KDE, 1k, published', \
    '' using (at("em_10k", t)):"measured" with points pointtype 8 linewidth 1.4 \
      linecolor rgb colour("10000") title '… 10k', \
    '' using (at("em_50k", t)):"measured" with points pointtype 12 linewidth 1.4 \
      linecolor rgb colour("50000") title '… 50k', \
    NaN with lines linewidth 2.4 linecolor rgb colour("1000") \
      title 'the same from exact draws, here', \
    'data.csv' using (drawn("moment_fit", 1000, t)):"measured" with linespoints dashtype 2 \
      linewidth 1.4 pointtype 4 linecolor rgb colour("1000") title 'moment fit of those 1k, here', \
    '' using (at("dual_jko", t)):"measured" with linespoints linestyle 3 linewidth 1.4 \
      title 'dual JKO, {/:Italic h} = 0.1, published', \
    '' using (at("em_proxrec_10k", t)):"measured" with linespoints linestyle 6 linewidth 1.4 \
      pointsize 0.6 title 'EM-ProxRec 10k, published', \
    '' using (at("icnn_jko", t)):"measured" with linespoints linestyle 1 \
      title 'ICNN-JKO, {/:Italic h} = 0.05, published', \
    '' using (scheme(0.1, t)):"measured" with lines linewidth 1.6 dashtype 4 \
      linecolor 'black' title 'exact JKO, {/:Italic h} = 0.1, here', \
    '' using (scheme(0.05, t)):"measured" with lines linewidth 2.2 \
      linecolor 'black' title '… {/:Italic h} = 0.05', \
    '' using (scheme(0.025, t)):"measured" with lines linewidth 1.6 dashtype 3 \
      linecolor 'black' title '… {/:Italic h} = 0.025'
}

# The same at all ten times, the main curves only.
set key off
unset ylabel
set xtics font ',11'
set ytics -6,2,2 font ',11'
do for [k = 1:10] {
  t = k / 10.0
  across = (k - 1) % 5
  down = (k - 1) / 5
  set lmargin at screen 0.062 + 0.1415 * across
  set rmargin at screen 0.192 + 0.1415 * across
  set tmargin at screen 0.470 - 0.222 * down
  set bmargin at screen 0.282 - 0.222 * down
  set title sprintf('{/:Italic t} = %.1f', t) offset 0,-1.0 font ',11'
  set format y (across == 0 ? '%g' : '')
  if (down == 0) { unset xlabel; set xtics ('' 1, '' 4, '' 8, '' 12) }
  if (down == 1) { set xlabel '{/:Italic D}' offset 0,0.6; set xtics ('1' 1, '4' 4, '8' 8, '12' 12) }
  plot 'data.csv' using (drawn("particles", 1000, t)):"measured" with lines \
      linewidth 2 linecolor rgb colour("1000"), \
    '' using (at("em_1k", t)):"measured" with points pointtype 6 pointsize 0.5 \
      linecolor rgb colour("1000"), \
    '' using (at("dual_jko", t)):"measured" with lines linestyle 3 linewidth 1.4, \
    '' using (at("icnn_jko", t)):"measured" with linespoints linestyle 1 linewidth 1.4 \
      pointsize 0.4, \
    '' using (scheme(0.1, t)):"measured" with lines linewidth 1.2 dashtype 4 linecolor 'black', \
    '' using (scheme(0.05, t)):"measured" with lines linewidth 1.6 linecolor 'black', \
    '' using (scheme(0.025, t)):"measured" with lines linewidth 1.2 dashtype 3 linecolor 'black'
}

# Observed order in h, a line for each dimension; those that vote are filled, with their intervals,
# and moved apart.
set title 'order of SymKL in {/:Italic h}, {/:Italic t} = 0.5' offset 0,-0.6 font ',12'
set lmargin at screen 0.815
set rmargin at screen 0.985
set bmargin at screen 0.060
set tmargin at screen 0.440
set logscale x 2
set xrange [0.0043:0.068]
set yrange [1.8:2.2]
set format y '%.1f'
set xtics ('1/160' 0.00625, '1/80' 0.0125, '1/40' 0.025, '1/20' 0.05) font ',11'
set ytics 1.8,0.1,2.2
set xlabel '{/:Italic h}' offset 0,0.4
slope(d) = (is("quantity", "order") && near("dim", d) && near("t", 0.5)) ? column("h") : NaN
voting(d) = is_empty("verdict") ? NaN : slope(d) * 2 ** (0.06 * (d - 6.5))
others(d) = is_empty("verdict") ? slope(d) : NaN
plot 2 with lines linecolor '#808080' linewidth 1 dashtype 2, \
  for [d = 1:12] 'data.csv' using (slope(d)):"measured" with lines linewidth 1 \
    linecolor '#9ab8cc', \
  for [d = 1:12] '' using (others(d)):"measured" with points linestyle 1 pointtype 6 \
    pointsize 0.5, \
  for [d = 1:12] '' using (voting(d)):"measured":"lower":"upper" with yerrorbars linestyle 1 \
    linewidth 1 pointsize 0.6
unset multiplot
