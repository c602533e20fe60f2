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


set terminal svg size 1200,1150 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
# Names in the order of the file, each followed by a semicolon.
drop_first(list) = substr(list, strstrt(list, ";") + 1, strlen(list))
take(list, i) = i > 1 ? take(drop_first(list), i - 1) : substr(list, 1, strstrt(list, ";") - 1)
count(list) = strlen(list) == 0 ? 0 : 1 + count(drop_first(list))
with(list, name) = strstrt(";".list, ";".name.";") == 0 ? list.name.";" : list
claims = ""
collect_claim(name) = (claims = with(claims, name), 1)
stats 'data.csv' using (is("kind", "best") ? collect_claim(stringcolumn("claim")) : 1) nooutput
collect_part(name) = (parts = with(parts, name), 1)
of(claim, part, kind) = is("claim", claim) && is("part", part) && is("kind", kind) \
  && is("quantity", "margin") ? column("evaluation") : NaN
shown(margin) = margin > 1e-16 ? margin : 1e-16
caught(margin) = margin < -1 ? 1 : -margin
broken(claim, upper, margin) = is("claim", claim) && is("kind", "descent") && upper < 0 ? caught(margin) : NaN

set logscale xy
# Below 1e-16 there is nothing but the key.
set yrange [1e-27:3]
set ytics 1e-16,1e4,1
set arrow from graph 0, first 1e-16 to graph 1, first 1e-16 nohead linecolor '#b0b0b0'
set format x '10^{%T}'
set format y '10^{%T}'
set key bottom left Left reverse font ',8' spacing 1.0 samplen 1.2
columns_of_panels = 3
rows_of_panels = (count(claims) + columns_of_panels - 1) / columns_of_panels
set multiplot layout rows_of_panels, columns_of_panels margins 0.055,0.99,0.045,0.93 spacing 0.055,0.065 \
  title 'Least margin 1 − lhs/rhs of all starts (lines), by how much a wrong statement is caught (crosses), a counterexample (red)'
do for [c = 1:count(claims)] {
  claim = take(claims, c)
  parts = ""
  stats 'data.csv' using (is("claim", claim) ? collect_part(stringcolumn("part")) : 1) nooutput
  set title claim offset 0,-0.6
  if (c > count(claims) - columns_of_panels) { set xlabel 'instances tried from one start' offset 0,0.4 } else { unset xlabel }
  plot for [i = 1:count(parts)] 'data.csv' \
      using (of(claim, take(parts, i), "descent")):(shown(column("measured"))) \
      with linespoints linestyle ((i - 1) % 8 + 1) linewidth (i > 8 ? 0.7 : 1.4) pointsize 0.3 \
      title take(parts, i), \
    for [i = 1:count(parts)] '' \
      using (of(claim, take(parts, i), "control")):(caught(column("measured"))) \
      with points linestyle ((i - 1) % 8 + 1) pointtype 2 pointsize 1 notitle, \
    'data.csv' using (column("evaluation")):(broken(claim, column("upper"), column("measured"))) \
      with points pointtype 7 pointsize 1.5 linecolor '#d00000' notitle
}
unset multiplot
