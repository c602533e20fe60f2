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
at(panel, law, quantity) = is("panel", panel) && is("law", law) && is("quantity", quantity) \
  ? column("parameter") : NaN
bent(quantity) = is("panel", "bent") && is("quantity", quantity) ? column("parameter") : NaN
stats 'data.csv' using (bent("forward_seen")) name "bent" nooutput
step = ceil(bent_records/25.0)  # markers of so many laws at most
count = 0
few(x) = x == x ? (count = count + 1, (count - 1) % step == 0 ? x : NaN) : NaN
set multiplot layout 4,2 margins 0.075,0.97,0.05,0.97 spacing 0.085,0.07
set ylabel 'Lipschitz constant' offset 1.5,0
set key top left Left reverse font ',10' samplen 1.5
set logscale y
set title 'κ-semi-log-concave' offset 0,-0.6
set logscale x
set xlabel 'κ' offset 0,0.5
set xrange [0.05:4]
set yrange [0.3:30]
plot 'data.csv' using (few(at("kappa", "log cosh", "forward_seen"))):(column("measured")) with points linestyle 1 title 'Lip X, seen', \
  '' using (at("kappa", "log cosh", "forward_seen")):(column("predicted")) with lines linestyle 1 title '1/√κ, sharp and classical', \
  '' using (few(at("kappa", "log cosh", "reverse_seen"))):(column("measured")) with points linestyle 2 title 'Lip of reverse, seen', \
  '' using (at("kappa", "log cosh", "reverse_seen")):(column("predicted")) with lines linestyle 2 title '√β'
unset logscale x
set xrange [*:*]
set yrange [*:*]
set title 'e^{−κx²/2} on [−1, 1]'
set key top right
plot 'data.csv' using (few(bent("forward_seen"))):(column("measured")) with points linestyle 1 title 'Lip X, seen', \
  '' using (bent("forward_seen")):(column("predicted")) with lines linestyle 1 title '(2π)^{−½}∫e^{−κx²/2}dx', \
  '' using (bent("classical_forward")):(column("measured")) with lines linestyle 1 dashtype 2 title 'classical: D² and 1/κ in turn'
set title 'e^{−κx²/2} on [−D, D]'
set xlabel 'D'
set xrange [0.25:2]
set key top left
flat = "kappa 0"
hollow = "kappa -4"
plot 'data.csv' using (few(at("D", flat, "forward_seen"))):(column("measured")) with points linestyle 1 title 'Lip X, κ = 0', \
  '' using (at("D", flat, "forward_seen")):(column("predicted")) with lines linestyle 1 title '2D/√2π', \
  '' using (at("D", flat, "classical_forward")):(column("measured")) with lines linestyle 1 dashtype 2 title 'classical: De^{½}', \
  '' using (few(at("D", hollow, "forward_seen"))):(column("measured")) with points linestyle 2 title 'Lip X, κ = −4', \
  '' using (at("D", hollow, "forward_seen")):(column("predicted")) with lines linestyle 2 title '(2π)^{−½}∫e^{2x²}dx', \
  '' using (at("D", hollow, "classical_forward")):(column("measured")) with lines linestyle 2 dashtype 2 title 'classical: De^{½ + 2D²}'
set title 'Centres in [−R, R] of width σ'
set xlabel 'R/σ'
set ylabel 'Lip X/σ, σ Lip of reverse'
set xrange [0.25:3]
set yrange [0.8:5000]
two = "two centres of width 1"
narrow = "two centres of width 0.25"
plot 'data.csv' using (few(at("R", two, "forward_seen"))):(column("measured")) with points linestyle 1 title 'Lip X, two, σ = 1', \
  '' using (few(at("R", narrow, "forward_seen"))):(column("measured")) with points linestyle 3 pointtype 6 pointsize 1.2 title 'σ = ¼', \
  '' using (few(at("R", "three centres of width 1", "forward_seen"))):(column("measured")) with points linestyle 4 title 'three, σ = 1', \
  '' using (few(at("R", "three centres of width 0.25", "forward_seen"))):(column("measured")) with points linestyle 5 pointtype 8 pointsize 1.2 title 'σ = ¼', \
  '' using (at("R", two, "forward_seen")):(column("predicted")) with lines linestyle 1 title 'e^{R²/2σ²}', \
  '' using (at("R", two, "classical_forward")):(column("measured")) with lines linestyle 1 dashtype 2 title 'classical: (1 − R²/σ²)^{−½}', \
  '' using (few(at("R", two, "reverse_seen"))):(column("measured")) with points linestyle 2 title 'reverse, two, σ = 1'
set ylabel 'Lipschitz constant'
set xrange [0.1:3]
set yrange [*:*]
set title 'L-log-Lipschitz: forward'
set xlabel 'L'
plot 'data.csv' using (few(at("L", "cusp up", "forward_seen"))):(column("measured")) with points linestyle 1 title 'Lip X, cusp up', \
  '' using (at("L", "cusp up", "forward_seen")):(column("predicted")) with lines linestyle 1 title 'erfcx(−L/√2)', \
  '' using (at("L", "cusp up", "classical_forward")):(column("measured")) with lines linestyle 1 dashtype 2 title 'classical, by Talagrand: e^{L²/2 + 2L}'
set title 'L-log-Lipschitz: reverse'
plot 'data.csv' using (few(at("L", "cusp down", "reverse_seen"))):(column("measured")) with points linestyle 2 title 'Lip of reverse, cusp down', \
  '' using (at("L", "cusp down", "reverse_seen")):(column("predicted")) with lines linestyle 2 title '1/erfcx(L/√2)', \
  '' using (at("L", "cusp down", "classical_reverse")):(column("measured")) with lines linestyle 2 dashtype 2 title 'by Fisher information'
set title 'X_{0,t}′(0)/√(a² + b²), each schedule from noise'
set xlabel 'r = b/a'
set ylabel 'stretch at 0'
set logscale x
unset logscale y
set xrange [*:*]
set yrange [0.9:2.6]
set rmargin at screen 0.97  # the last row is one panel
set key top left
plot 'data.csv' using (at("schedule", "polynomial", "stretch")):(column("predicted")) with lines linestyle 1 title 'envelope', \
  '' using (at("schedule", "linear", "stretch")):(column("measured")) with points linestyle 1 title 'linear', \
  '' using (at("schedule", "foellmer", "stretch")):(column("measured")) with points linestyle 2 title 'Föllmer', \
  '' using (at("schedule", "trigonometric", "stretch")):(column("measured")) with points linestyle 3 title 'trigonometric', \
  '' using (at("schedule", "polynomial", "stretch")):(column("measured")) with points linestyle 4 title 'polynomial'
unset multiplot
