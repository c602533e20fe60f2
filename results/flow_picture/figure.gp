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


set terminal svg size 1150,430 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
px = NaN
on(curve) = is("curve", curve) && is("quantity", "x") ? (px = column("measured"), NaN) : is("curve", curve) && is("quantity", "y") ? column("measured") : NaN
stats 'data.csv' using (is("curve", "image") ? column("line") : NaN) name "grid" nooutput
stats 'data.csv' using (is("curve", "trajectory") ? column("line") : NaN) name "drawn" nooutput
set multiplot layout 1,3 margins 0.04,0.93,0.17,0.9 spacing 0.05,0.1
set size ratio -1
set xrange [-3.4:3.4]
set yrange [-3.4:3.4]
set xlabel 'x_1'
set ylabel 'x_2' offset 1,0
set key top right samplen 1 font ',10'
set title 'Trajectories from N(0, I) to three Gaussians'
plot for [i = 0:drawn_max] 'data.csv' using (column("line") == i ? on("trajectory") : NaN, px):(column("line") == i ? on("trajectory") : NaN) with lines linewidth 0.8 linecolor rgb '#60444444' notitle, \
  '' using (column("along") == 0 ? on("trajectory") : NaN, px):(column("along") == 0 ? on("trajectory") : NaN) with points pointtype 7 pointsize 0.35 linecolor rgb '#1b6ca8' title 't = 0', \
  '' using (column("along") == 1 ? on("trajectory") : NaN, px):(column("along") == 1 ? on("trajectory") : NaN) with points pointtype 7 pointsize 0.35 linecolor rgb '#c0392b' title 't = 1'
set title 'A square grid, pushed to t = 1'
plot for [i = 0:grid_max] 'data.csv' using (column("line") == i ? on("image") : NaN, px):(column("line") == i ? on("image") : NaN) with lines linewidth 0.8 linecolor rgb '#1b6ca8' notitle, \
  '' using (on("centre"), px):(on("centre")) with points pointtype 2 pointsize 1 linewidth 2 linecolor rgb '#c0392b' title 'centres'
set title 'Largest singular value of ∇X at its nodes'
set logscale cb
set palette defined (0 '#dfe9f3', 1 '#1b6ca8', 2 '#0b2e4f')
qx = NaN
qy = NaN
plot 'data.csv' using (is("curve", "node") && is("quantity", "x") ? (qx = column("measured"), NaN) : is("curve", "node") && is("quantity", "y") ? (qy = column("measured"), NaN) : is("curve", "node") && is("quantity", "stretch") ? qx : NaN):(qy):(column("measured")) with points pointtype 7 pointsize 0.6 palette notitle
unset multiplot
