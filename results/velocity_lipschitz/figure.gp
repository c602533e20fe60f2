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


set terminal svg size 1100,1300 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
array triple[2] = ["linear foellmer trigonometric", "vp ve polynomial"]
schedules = triple[1].' '.triple[2]
names = "linear Föllmer trigonometric VP VE polynomial"
laws = "gaussian centres cusp ball points"
quantities = "largest_seen minus_least_seen classical_largest classical_minus_least"
array title_of[5] = ['N(0, diag(¼, 4))', '½N(−1, .36) + ½N(1, .36)', 'e^{|x|}γ', 'uniform on the disc', '½δ_{−1} + ½δ_1']
array bottom[5] = [-4, -4, -3, -8, -10]
array top[5] = [4, 6, 9, 4, 30]
position(list, name) = sum [k = 1:words(list)] (word(list, k) eq name ? k : 0)
of(list, name) = position(list, stringcolumn(name))
# Of one law: numbers of schedule and quantity, then t, measured, predicted.
at(i, quantity) = $1 == i && $2 == position(quantities, quantity) ? $3 : NaN
last = 2  # markers stand apart
thin(t) = t < last || t > last + 0.045 ? (last = t) : NaN
set multiplot layout 6,2 margins 0.06,0.98,0.045,0.975 spacing 0.06,0.046
set key top right font ',9' samplen 1.5 spacing 1.1 maxrows 1
set tics font ',10'
do for [l = 1:5] {
  set datafile columnheaders
  set datafile separator comma
  set xrange [*:*]
  set yrange [*:*]
  set table $law
  plot 'data.csv' using (of(schedules, "schedule")):(of(quantities, "quantity")):(column("t")):(column("measured")):(is_empty("predicted") ? 0 : column("predicted")) \
    with table if (is("law", word(laws, l)) && of(quantities, "quantity") > 0)
  unset table
  unset datafile columnheaders
  set datafile separator whitespace
  do for [g = 0:1] {
    first = 3*g + 1
    set xrange [*:*]
    set yrange [*:*]
    stats $law using ($1 < first || $1 >= first + 3 ? NaN : $2 == 1 ? $4 : $2 == 2 ? -$4 : NaN) name "seen" nooutput
    set xrange [0:1]
    set yrange [bottom[l]:top[l]]
    set title title_of[l].(seen_max > top[l] || seen_min < bottom[l] ? sprintf(': cut, seen from %.0f to %.2g', seen_min, seen_max) : '') offset 0,-0.7
    set ylabel (g == 0 ? 'eigenvalues of ∇v' : '') offset 1,0 font ',10'
    set xlabel (l == 5 ? '{/:Italic t}' : '') offset 0,1.2
    plot for [i = first:first+2] $law using (at(i, "largest_seen")):5 with lines linestyle i title (l == 1 ? word(names, i) : ''), \
      for [i = first:first+2] '' using (thin(at(i, "largest_seen"))):4 with points linestyle i notitle, \
      for [i = first:first+2] '' using (at(i, "classical_largest")):4 with lines linestyle i dashtype 2 notitle, \
      for [i = first:first+2] '' using (at(i, "minus_least_seen")):(-$5) with lines linestyle i notitle, \
      for [i = first:first+2] '' using (thin(at(i, "minus_least_seen"))):(-$4) with points linestyle i notitle, \
      for [i = first:first+2] '' using (at(i, "classical_minus_least")):(-$4) with lines linestyle i dashtype 2 notitle, \
      NaN with points linecolor '#606060' pointtype 7 title (l == 3 ? 'seen' : ''), \
      NaN with lines linecolor '#606060' title (l == 3 ? 'sharp envelope' : ''), \
      NaN with lines linecolor '#606060' dashtype 2 title (l == 3 ? 'classical envelope' : '')
  }
}
set datafile columnheaders
set datafile separator comma

array curves[4] = ["points", "cusp", "centres", "points"]
array curve_names[4] = ["two points", "cusp", "two centres", "two points, least"]
array part[4] = ["", "", "", "_of_least"]
here(c, i, quantity) = is("law", curves[c]) && is("schedule", word(schedules, i)) && is("quantity", quantity.part[c])
array fitted[8]
set xrange [*:*]
set yrange [*:*]
do for [c = 1:4] {
  do for [g = 0:1] {
    fitted[4*g + c] = curve_names[c].': '
    do for [i = 1:3] {
      stats 'data.csv' using (here(c, 3*g + i, "exponent") ? column("measured") : NaN) name "found" nooutput
      fitted[4*g + c] = fitted[4*g + c].sprintf(i == 1 ? "%.1f" : ", %.1f", abs(found_mean) < 0.05 ? 0.0 : found_mean)
    }
  }
}
set logscale xy
set format x '10^{%L}'
set format y '10^{%L}'
set xrange [3e-8:1e-3]
set yrange [1e-8:1e46]
set mytics 1  # minor ones would be millions
set xlabel '1 − {/:Italic t}' offset 0,0.5
set key top right maxrows 2
do for [g = 0:1] {
  set title 'Towards data, exponents of 1 − {/:Italic t}: '.word(names, 3*g + 1).', '.word(names, 3*g + 2).', '.word(names, 3*g + 3)
  set ylabel (g == 0 ? 'absolute eigenvalue' : '')
  first = 3*g + 1
  plot for [c = 1:4] for [i = first:first+2] 'data.csv' using (here(c, i, "towards_data") ? column("t") : NaN):(column("measured")) \
      with linespoints linestyle i dashtype c notitle, \
    for [c = 1:4] NaN with lines linecolor '#606060' dashtype c title fitted[4*g + c]
}
unset multiplot
