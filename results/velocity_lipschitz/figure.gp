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


set terminal svg size 1100,700 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
at(law, schedule, quantity) = is("law", law) && is("schedule", schedule) \
  && is("quantity", quantity) ? column("t") : NaN
last = 2  # markers stand apart
thin(t) = t < last || t > last + 0.045 ? (last = t) : NaN
names = "linear foellmer trigonometric"
titles = "linear Föllmer trigonometric"
exponent(law, schedule) = is("law", law) && is("schedule", schedule) && is("quantity", "exponent") ? column("measured") : NaN
laws = "points cusp centres"
array fitted[3]
do for [l = 1:3] {
  fitted[l] = ""
  do for [i = 1:3] {
    stats 'data.csv' using (exponent(word(laws, l), word(names, i))) name "found" nooutput
    fitted[l] = fitted[l].sprintf(i == 1 ? "%.1f" : ", %.1f", abs(found_mean) < 0.05 ? 0.0 : found_mean)
  }
}
set multiplot layout 2,3 margins 0.06,0.975,0.08,0.95 spacing 0.07,0.12
set ylabel 'extreme eigenvalues of ∇v' offset 1,0 font ',11'
set xlabel '{/:Italic t}' offset 0,0.5
set xrange [0:1]
set key top left Left reverse font ',9' samplen 1.5

set title 'N(0, diag(¼, 4))' offset 0,-0.6
set yrange [-3:3]
plot for [i = 1:3] 'data.csv' using (at("gaussian", word(names, i), "largest")):(column("predicted")) with lines linestyle i title word(titles, i), \
  for [i = 1:3] '' using (thin(at("gaussian", word(names, i), "largest"))):(column("measured")) with points linestyle i notitle, \
  for [i = 1:3] '' using (at("gaussian", word(names, i), "minus_least")):(-column("predicted")) with lines linestyle i notitle, \
  for [i = 1:3] '' using (thin(at("gaussian", word(names, i), "minus_least"))):(-column("measured")) with points linestyle i notitle
set title '½N(−1, .36) + ½N(1, .36)'
set yrange [-4:8]
plot for [i = 1:3] 'data.csv' using (at("centres", word(names, i), "largest")):(column("predicted")) with lines linestyle i notitle, \
  for [i = 1:3] '' using (thin(at("centres", word(names, i), "largest"))):(column("measured")) with points linestyle i notitle, \
  for [i = 1:3] '' using (at("centres", word(names, i), "minus_least")):(-column("predicted")) with lines linestyle i notitle, \
  for [i = 1:3] '' using (thin(at("centres", word(names, i), "minus_least"))):(-column("measured")) with points linestyle i notitle
set title 'e^{|x|}γ'
set yrange [-4:6]
plot for [i = 1:3] 'data.csv' using (at("cusp", word(names, i), "largest")):(column("predicted")) with lines linestyle i notitle, \
  for [i = 1:3] '' using (thin(at("cusp", word(names, i), "largest"))):(column("measured")) with points linestyle i notitle, \
  for [i = 1:3] '' using (at("cusp", word(names, i), "classical_largest")):(column("measured")) with lines linestyle i dashtype 2 notitle, \
  for [i = 1:3] '' using (at("cusp", word(names, i), "minus_least")):(-column("predicted")) with lines linestyle i notitle, \
  for [i = 1:3] '' using (thin(at("cusp", word(names, i), "minus_least"))):(-column("measured")) with points linestyle i notitle, \
  NaN with lines linecolor '#909090' dashtype 2 title '(1 + ℓ)² for V_+(ℓ)'
set title 'Uniform on the disc, linear schedule'
set yrange [-8:8]
plot 'data.csv' using (at("ball", "linear", "largest")):(column("predicted")) with lines linestyle 1 title 'sharp', \
  '' using (at("ball", "linear", "largest")):(column("measured")) with points linestyle 1 title 'seen', \
  '' using (at("ball", "linear", "classical_largest")):(column("measured")) with lines linestyle 1 dashtype 2 title 'by diam/√2', \
  '' using (at("ball", "linear", "minus_least")):(-column("predicted")) with lines linestyle 1 notitle, \
  '' using (at("ball", "linear", "minus_least")):(-column("measured")) with points linestyle 1 notitle
set title '½δ_{−1} + ½δ_1'
set yrange [-10:30]
plot for [i = 1:3] 'data.csv' using (at("points", word(names, i), "largest")):(column("predicted")) with lines linestyle i notitle, \
  for [i = 1:3] '' using (thin(at("points", word(names, i), "largest"))):(column("measured")) with points linestyle i notitle, \
  for [i = 1:3] '' using (at("points", word(names, i), "classical_largest")):(column("measured")) with lines linestyle i dashtype 2 notitle, \
  for [i = 1:3] '' using (at("points", word(names, i), "minus_least")):(-column("predicted")) with lines linestyle i notitle, \
  for [i = 1:3] '' using (thin(at("points", word(names, i), "minus_least"))):(-column("measured")) with points linestyle i notitle, \
  NaN with lines linecolor '#909090' dashtype 2 title 'by diam/√2'
set title 'Towards data, and fitted exponents of 1 − {/:Italic t}'
set xlabel '1 − {/:Italic t}'
set logscale xy
set format x '10^{%L}'
set format y '10^{%L}'
set xrange [*:*]
set yrange [1e-8:1e36]
set ylabel 'largest eigenvalue of ∇v'
set key top right
plot for [i = 1:3] 'data.csv' using (at("points", word(names, i), "towards_data")):(column("measured")) with linespoints linestyle i notitle, \
  for [i = 1:3] '' using (at("cusp", word(names, i), "towards_data")):(column("measured")) with linespoints linestyle i dashtype 2 notitle, \
  for [i = 1:3] '' using (at("centres", word(names, i), "towards_data")):(column("measured")) with linespoints linestyle i dashtype 3 notitle, \
  NaN with lines linecolor '#606060' title 'two points: '.fitted[1], \
  NaN with lines linecolor '#606060' dashtype 2 title 'cusp: '.fitted[2], \
  NaN with lines linecolor '#606060' dashtype 3 title 'two centres: '.fitted[3]
unset multiplot
