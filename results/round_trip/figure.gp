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
at(method, quantity) = is("method", method) && is("quantity", quantity) ? column("steps") : NaN
names = "euler midpoint kutta3 runge_kutta4"
titles = "Euler midpoint Kutta RK4"
array of_error[4]
array of_residual[4]
array of_cycle[4]
order(method, quantity) = is("method", method) && is("quantity", quantity) ? column("measured") : NaN
do for [i = 1:4] {
  stats 'data.csv' using (order(word(names, i), "order_of_error")) name "found" nooutput
  of_error[i] = found_mean
  stats 'data.csv' using (order(word(names, i), "order_of_residual")) name "found" nooutput
  of_residual[i] = found_mean
  stats 'data.csv' using (order(word(names, i), "order_of_cycle")) name "found" nooutput
  of_cycle[i] = found_mean
}
set multiplot layout 2,2 margins 0.075,0.97,0.06,0.95 spacing 0.08,0.11
set logscale xy
set format y '10^{%L}'
set xlabel 'steps' offset 0,0.6
set yrange [1e-15:1]
set format x '10^{%L}'
set ylabel 'absolute error' offset 1,0
set key bottom left Left reverse font ',10' samplen 1.5
set title 'Error at the end'
plot for [i = 1:4] 'data.csv' using (at(word(names, i), "error")):(column("measured")) with linespoints linestyle i title sprintf('%s, order %.1f', word(titles, i), of_error[i])
set ylabel 'residual'
set title 'Residual of the round trip, and its bound'
plot for [i = 1:4] 'data.csv' using (at(word(names, i), "residual")):(column("measured")) with linespoints linestyle i title sprintf('order %.1f', of_residual[i]), \
  for [i = 1:4] '' using (at(word(names, i), "residual")):(column("predicted")) with lines linestyle i dashtype 2 notitle, NaN with lines linecolor '#606060' dashtype 2 title 'bound'
set title 'Residual of a cycle of two targets, and its bound'
plot for [i = 1:4] 'data.csv' using (at(word(names, i), "cycle")):(column("measured")) with linespoints linestyle i title sprintf('order %.1f', of_cycle[i]), \
  for [i = 1:4] '' using (at(word(names, i), "cycle")):(column("predicted")) with lines linestyle i dashtype 2 notitle, NaN with lines linecolor '#606060' dashtype 2 title 'bound'
set title 'Residual against error: even orders undo their own error'
set xlabel 'error at the end' offset 0,0.6
set key top left spacing 1.4
set xrange [1e-14:1]
error = NaN  # a method's row of the same steps comes before its residual
against(method) = is("method", method) && is("quantity", "error") ? (error = column("measured"), NaN) \
  : is("method", method) && is("quantity", "residual") ? error : NaN
plot for [i = 1:4] 'data.csv' using (against(word(names, i))):(column("measured")) with linespoints linestyle i title sprintf('%s: residual ∝ error^{%.2f}', word(titles, i), of_residual[i]/of_error[i]), \
  x with lines linecolor '#909090' dashtype 3 title 'residual = error'
unset multiplot
