#!/usr/bin/env bash
# Draws the demo camera's clip, demo.flv, with Debian's ffmpeg 5.1 and the DejaVu fonts. See README.md beside.
#   ./demo.sh [FOLDER]      writes FOLDER/demo.flv (default: this folder)
set -euo pipefail
out=${1:-$(cd "$(dirname "$0")" && pwd)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
font=/usr/share/fonts/truetype/dejavu
ff() { ffmpeg -hide_banner -loglevel error -nostdin -y "$@"; }

# --- picture -----------------------------------------------------------------------------------------------------
# Everything that moves is a function of w*T with w one turn in 8 s, so frame 240 would be frame 0 again.
# The soft scene is computed at half size in 12 bit: four stills (calm view, its shade, its lights, the lamp's colour) and
# three moving masks that blend the later ones over the first. What has edges is a still of full size laid over it.
w='(2*PI*T/8)'
horizon=225 # row of the half-size picture
sun_x=408 sun_y=198
sun_d="hypot(X-$sun_x,Y-$sun_y)"
depth="clip((Y-$horizon)/135,0,1)" # of the sea: 0 at the horizon, 1 at the shore

# still TOP MIDDLE HORIZON SUN GLOW FAR NEAR: one colour component (0 to 255) of the calm view
calm() {
  local sky="($1+($2-$1)*pow(clip(Y/$horizon,0,1),0.9)+($3-$2)*pow(clip((Y/$horizon-0.30)/0.70,0,1),2.2))"
  local glow="0.75*exp(-pow($sun_d/150,1.15)*2.2)"
  local sun="clip((27-$sun_d)/2.5,0,1)"
  local sea="($6+($7-$6)*pow($depth,0.55))"
  echo "16*if(gte(Y,$horizon),$sea+($5-$sea)*0.3*$glow*(1-$depth),st(0,$sky);st(0,ld(0)+($5-ld(0))*$glow);ld(0)+($4-ld(0))*$sun)"
}
frame() { echo "nullsrc=size=640x360:rate=30:duration=$1,format=gbrp12,geq=r='$2':g='$3':b='$4'"; }
still() { ff -f lavfi -i "$(frame 0.03 "$2" "$3" "$4")" -frames:v 1 -c:v ffv1 "$work/$1.mkv"; }
in_sea() { echo "16*if(gte(Y,$horizon),$1,$2)"; }
still calm "$(calm 20 74 244 255 255 150 17)" "$(calm 26 66 164 232 176 100 22)" "$(calm 60 120 128 190 120 112 50)"
still shade "$(calm 20 74 244 255 255 104 6)" "$(calm 26 66 164 232 176 68 9)" "$(calm 60 120 128 190 120 92 28)"
still lights "$(in_sea 255 226)" "$(in_sea 206 150)" "$(in_sea 152 156)"
still lamp "16*255" "16*240" "16*214"

# bank ROW THICKNESS PERIOD PHASE: a bank of cloud that sways by 9 pixels
bank() { echo "exp(-pow((Y-$1-$2*0.5*sin((X+9*sin($w))/71+$4))/$2,2))*pow(0.5+0.5*sin((X+9*sin($w))/$3+$4),2)"; }
clouds="clip(0.34*$(bank 112 13 67 2)+0.30*$(bank 150 8 49 0.4)+0.40*$(bank 176 5 58 4)+0.22*$(bank 84 9 83 5),0,1)"
across="(X-$sun_x)/($depth+0.22)" # perspective: waves widen towards the shore
glitter="0.85*exp(-pow((X-$sun_x)/(16+88*$depth),2))*(1-0.55*$depth)*pow(0.5+0.5*sin(26/($depth+0.11)+6*$w+1.1*sin($across*0.037+2*$w)+0.6*sin($across*0.083-3*$w)),3)"
swell="(0.5+0.5*sin(19/($depth+0.10)+5*$w+1.6*sin($across*0.011+$w)))*(0.2+0.8*$depth)"
lamp_x=118 lamp_y=106 # the beam turns once in 8 s: right, towards us, left, away
along="((X-$lamp_x)*(2*gt(cos($w),0)-1))"
beam="if(gt($along,0),0.62*exp(-pow((Y-$lamp_y)/(3+0.075*$along),2))*exp(-$along/(12+330*abs(cos($w))))*pow(abs(cos($w)),0.7),0)"
flare="0.95*exp(-pow(hypot(X-$lamp_x,Y-$lamp_y)/(5+24*pow(max(sin($w),0),6)),2))"
ff -f lavfi -i "$(frame 8 "4095*if(gte(Y,$horizon),$swell,0)" "4095*if(gte(Y,$horizon),$glitter,$clouds)" \
  "4095*if(lt(Y,$horizon+30),clip($beam+$flare,0,1),0)")" -c:v ffv1 "$work/masks.mkv"

# Headland and lighthouse, drawn twice as large and halved for smooth edges; far hills under them.
hill="(980-300*exp(-pow((X-380)/380,2))+12*sin(X/47)+7*sin(X/19+1)+pow(max(0,X-620)/420,3)*520)"
far="(900-74*exp(-pow((X-2300)/330,2))-46*exp(-pow((X-1930)/200,2))-22*exp(-pow((X-1600)/160,2)))"
tower="lt(abs(X-472),19+(Y-450)*0.045)*between(Y,446,760)"
gallery="lt(abs(X-472),30)*between(Y,446,456)"
lantern="lt(abs(X-472),15)*between(Y,402,446)"
dome="lt(hypot((X-472)/1.15,Y-402),17)*lt(Y,403)"
band="between(Y,520,580)+between(Y,640,700)"
# relief FAR HEADLAND TOWER BAND METAL LANTERN: one colour component of what stands there
relief() { echo "if(gt(Y,$hill),$2,if($gallery+$dome,$5,if($lantern,$6,if($tower,if($band,$4+(472-X)*-0.5,$3+(X-472)*0.5),$1))))"; }
shape="255*min(1,gt(Y,$hill)+$tower+$gallery+$lantern+$dome+gt(Y,$far)*lt(Y,900)*0.9)"
ff -f lavfi -i "nullsrc=size=2560x1440:rate=1:duration=1,format=rgba,geq=r='$(relief 120 17 66 176 24 255)':g='$(relief 84 20 60 120 26 236)':b='$(relief 110 42 92 128 46 190)':a='$shape'" \
  -vf "scale=1280:720:flags=area" -frames:v 1 "$work/relief.png"

# Words, clock (second of the clip, frame of the second), and the white square of the first 3 frames of each second.
text="fontcolor=white:shadowcolor=black@0.35:shadowx=0:shadowy=2"
# Matroska rounds timestamps to milliseconds; counted in frames again, all inputs meet at the same instants.
count='settb=1/30,setpts=N'
loop="loop=-1:1:0,$count"
mask() { echo "mergeplanes=0x000000:gbrp12"; }
ff -i "$work/masks.mkv" -i "$work/calm.mkv" -i "$work/shade.mkv" -i "$work/lights.mkv" -i "$work/lamp.mkv" -i "$work/relief.png" -filter_complex "
  [0]$count,extractplanes=r+g+b[r][g][b];
  [r]$(mask)[swell]; [g]$(mask)[light]; [b]$(mask)[beam];
  [1]$loop[calm]; [2]$loop[shade]; [3]$loop[lights]; [4]$loop[lamp];
  [calm][shade][swell]maskedmerge[sea]; [sea][lights][light]maskedmerge[lit]; [lit][lamp][beam]maskedmerge,
  scale=1280:720:flags=bicubic,format=yuv420p10[scene];
  [5]format=yuva420p10[relief];
  [scene][relief]overlay=format=yuv420p10,
  drawtext=fontfile=$font/DejaVuSans-Bold.ttf:text='Demo camera':fontsize=44:x=w-tw-64:y=64:$text,
  drawtext=fontfile=$font/DejaVuSansMono.ttf:text='00\:00\:%{eif\:mod(floor(n/30)\,8)\:d\:2}\:%{eif\:mod(n\,30)\:d\:2}':fontsize=28:alpha=0.85:x=w-tw-112:y=122:$text,
  drawbox=x=1280-64-32:y=120:w=32:h=32:color=white@0.55:t=2,
  drawbox=x=1280-64-32:y=120:w=32:h=32:color=white:t=fill:enable='lt(mod(n,30),3)',
  scale=out_color_matrix=bt709:out_range=tv:sws_dither=ed,format=yuv420p[picture]" -map '[picture]' \
  -frames:v 240 -c:v ffv1 "$work/picture.mkv"

x264() { # pass, output
  ff -i "$work/picture.mkv" -c:v libx264 -preset veryslow -profile:v main -level:v 3.1 -pix_fmt yuv420p \
    -b:v 1650k -maxrate 2000k -bufsize 2000k -pass "$1" -passlogfile "$work/x264" \
    -x264-params "keyint=60:min-keyint=60:scenecut=0:open-gop=0:bframes=0:rc-lookahead=60:aq-mode=3:deblock=-1,-1:colorprim=bt709:transfer=bt709:colormatrix=bt709:threads=2" \
    -bsf:v filter_units=remove_types=6 -f "$2" "$3"
}
x264 1 null /dev/null
x264 2 h264 "$work/video.h264"

# --- sound -------------------------------------------------------------------------------------------------------
# A quiet chord whose partials make whole turns in 8 s, and a 1 kHz beep of 80 ms at each whole second.
# Three rounds are encoded and packets 376 to 750 kept: the encoder's 1024 samples of priming shift its output by one
# packet, and the middle round's first packet overlaps what the clip ends with, so the joint cannot be heard.
beep='0.11*sin(2*PI*1000*t)*lt(mod(t,1),0.08)*min(1,mod(t,1)/0.002)*min(1,max(0,0.08-mod(t,1))/0.004)'
bed() { # the phase of the slow swell differs between left and right
  echo "0.016*(1+0.4*sin(2*PI*t/8+$1))*(sin(2*PI*110*t)+0.7*sin(2*PI*164.875*t+$1)+0.5*sin(2*PI*220*t)+0.35*sin(2*PI*277.125*t)+0.2*sin(2*PI*329.625*t+$1))"
}
ff -f lavfi -i "aevalsrc='$(bed 0)+$beep|$(bed 1.57)+$beep':sample_rate=48000:duration=24:channel_layout=stereo" \
  -c:a aac -profile:a aac_low -b:a 128k "$work/three-rounds.mka"
ff -i "$work/three-rounds.mka" -c copy -bsf:a "noise=drop='not(between(n,376,750))'" -f adts "$work/audio.aac"

# --- FLV ---------------------------------------------------------------------------------------------------------
# Neither raw stream carries timestamps: packet N is frame N, or samples N*1024 onwards; FLV counts milliseconds.
ff -i "$work/video.h264" -i "$work/audio.aac" -map 0:v -map 1:a -c copy \
  -bsf:v "setts=ts=round(N*1000/30)" -bsf:a "aac_adtstoasc,setts=ts=round(N*1024/48)" \
  -metadata title='Demo camera' -fflags +bitexact -flvflags no_sequence_end -f flv "$out/demo.flv"
