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


set terminal svg size 1100,760 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
at(panel, law, quantity) = is("panel", panel) && is("law", law) && is("quantity", quantity) \
  ? column("parameter") : NaN
set multiplot layout 2,3 margins 0.075,0.97,0.08,0.94 spacing 0.08,0.11
set ylabel 'Lipschitz constant' offset 1.5,0
set key top left Left reverse font ',9' samplen 1.5
set logscale y
set title 'κ-semi-log-concave' offset 0,-0.6
set logscale x
set xlabel 'κ' offset 0,0.4
set yrange [0.3:30]
plot 'data.csv' using (at("kappa", "log cosh", "forward")):(column("measured")) with points linestyle 1 title 'Lip X', \
  '' using (at("kappa", "log cosh", "forward")):(column("predicted")) with lines linestyle 1 title '1/√κ', \
  '' using (at("kappa", "log cosh", "reverse")):(column("measured")) with points linestyle 2 title 'Lip of reverse', \
  '' using (at("kappa", "log cosh", "reverse")):(column("predicted")) with lines linestyle 2 title '√β'
unset logscale x
set yrange [*:*]
set title 'e^{−κx²/2} on [−1, 1]'
set key top right
plot 'data.csv' using (at("D", "truncated", "forward")):(column("measured")) with points linestyle 1 title 'Lip X', \
  '' using (at("D", "truncated", "forward")):(column("predicted")) with lines linestyle 1 title 'Z(κ)/√2π', \
  '' using (at("D", "truncated", "classical_forward")):(column("measured")) with lines linestyle 3 title 'two classes in turn'
set key top left
set title 'Centres in [−R, R], width 1'
set xlabel 'R'
plot 'data.csv' using (at("R", "two centres", "forward")):(column("measured")) with points linestyle 1 title 'Lip X, two', \
  '' using (at("R", "three centres", "forward")):(column("measured")) with points linestyle 4 title 'three', \
  '' using (at("R", "two centres", "forward")):(column("predicted")) with lines linestyle 1 title 'e^{R²/2}', \
  '' using (at("R", "two centres", "reverse")):(column("measured")) with points linestyle 2 title 'Lip of reverse'
set title 'L-log-Lipschitz: forward'
set xlabel 'L'
plot 'data.csv' using (at("L", "cusp up", "forward")):(column("measured")) with points linestyle 1 title 'Lip X, cusp up', \
  '' using (at("L", "cusp up", "forward")):(column("predicted")) with lines linestyle 1 title 'erfcx(−L/√2)', \
  '' using (at("L", "cusp up", "classical_forward")):(column("measured")) with lines linestyle 3 title 'by Talagrand: e^{L²/2 + 2L}'
set title 'L-log-Lipschitz: reverse'
plot 'data.csv' using (at("L", "cusp down", "reverse")):(column("measured")) with points linestyle 2 title 'Lip of reverse, cusp down', \
  '' using (at("L", "cusp down", "reverse")):(column("predicted")) with lines linestyle 2 title '1/erfcx(L/√2)', \
  '' using (at("L", "cusp down", "classical_reverse")):(column("measured")) with lines linestyle 3 title 'by Fisher information'
set title 'X_{0,t}′(0)/√(a² + b²), each schedule'
set xlabel 'r = b/a'
set ylabel 'stretch at 0'
set logscale x
plot 'data.csv' using (at("schedule", "linear", "stretch")):(column("predicted")) with lines linestyle 1 title 'envelope', \
  '' using (at("schedule", "linear", "stretch")):(column("measured")) with points linestyle 1 title 'linear', \
  '' using (at("schedule", "foellmer", "stretch")):(column("measured")) with points linestyle 2 title 'Föllmer', \
  '' using (at("schedule", "trigonometric", "stretch")):(column("measured")) with points linestyle 3 title 'trigonometric', \
  '' using (at("schedule", "polynomial", "stretch")):(column("measured")) with points linestyle 4 title 'polynomial'
unset multiplot
