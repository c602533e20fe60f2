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


set terminal svg size 800,1640 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
laws = "tree rose checkerboard pinwheel 2spirals 8gaussians"
methods = "data fm lfm jko"
titles = "data 'one flow (fm)' 'local flows (lfm)' 'JKO blocks (jko)'"
pick(law, method, stage, n) = is("data", law) && is("method", method) && is("stage", stage) \
  && is("quantity", "y") && column("block") == n ? column("x") : NaN
kl(law, method) = is("data", law) && is("method", method) && is("quantity", "kl") \
  ? column("measured") : NaN
unset key
unset xtics
unset ytics
set tmargin 0
set bmargin 0
set lmargin 0
set rmargin 0
set border 15 linewidth 0.5 linecolor '#909090'
width = 0.180
height = 0.0878
place(i, k) = sprintf("set origin %g,%g", 0.05 + (i - 1) * (width + 0.006), \
  0.965 - k * (height + 0.003) - (k > 6 ? 0.03 : 0))
set multiplot
set size width, height
set xrange [-4.2:4.2]
set yrange [-4.2:4.2]
do for [k = 1:6] {
  law = word(laws, k)
  do for [i = 1:4] {
    eval place(i, k)
    set label 1 (k == 1 ? word(titles, i) : "") at graph 0.5,1.09 center
    set label 2 (i == 1 ? law : "") at graph -0.07,0.5 center rotate by 90
    set label 3 "" at graph 0.03,0.92 left font ',10' front
    if (i > 1) {
      stats 'data.csv' using (kl(law, word(methods, i))) nooutput
      set label 3 sprintf("KL %.2f", STATS_max)
    }
    plot 'data.csv' using (pick(law, word(methods, i), "samples", 0)):"measured" \
      with points pointtype 7 pointsize 0.16 linecolor rgb (i == 1 ? 0x404040 : 0x0072b2)
  }
}
set label 3 ""
set xrange [-3.2:3.2]
set yrange [-3.2:3.2]
do for [k = 1:4] {
  method = k <= 2 ? "lfm" : "jko"
  stage = k % 2 == 1 ? "forward" : "reverse"
  do for [i = 1:5] {
    n = i - 1
    eval place(i, 6 + k)
    set label 1 (k == 1 ? (i == 1 ? "tree, scaled" : sprintf("after block %d", i - 1)) : "")
    set label 2 (i == 1 ? method.' '.stage : "")
    plot 'data.csv' using (pick("tree", method, stage, n)):"measured" \
      with points pointtype 7 pointsize 0.16 linecolor rgb (k % 2 == 1 ? 0x404040 : 0x0072b2)
  }
}
unset multiplot
