namespace Gmm.Plots

open System.Net
open Gmm

/// Writes figures as HTML pages that need no network.
module internal Html =
    let private style =
        """html{color-scheme:light dark}
body{margin:0;padding:16px;box-sizing:border-box;font-family:system-ui,'Segoe UI','DejaVu Sans',sans-serif;background:#fff;color:#1b1b1f}
figure{margin:0 auto;max-width:max-content}
.gmm-controls{display:flex;gap:12px;align-items:center;margin:8px 14px}
.gmm-controls input{flex:1}
.gmm-controls output{min-width:3em;text-align:right;font-variant-numeric:tabular-nums}
@media (prefers-color-scheme:dark){body{background:#16181d;color:#f0f1f3}}"""

    /// The script of the slider, which sets the time of the picture's animations; otherwise they run by themselves.
    let private script =
        """const slider=document.querySelector('input'),button=document.querySelector('button'),shown=document.querySelector('output');
const frame=Number(slider.dataset.milliseconds),motions=document.getAnimations();
const show=()=>{shown.textContent=slider.value+' / '+slider.max};
let isPlaying=false,timer;
const go=value=>{slider.value=value;motions.forEach(motion=>{motion.pause();motion.currentTime=slider.value*frame});show()};
const follow=()=>{if(!isPlaying)return;const time=motions.length?motions[0].currentTime:0,total=(Number(slider.max)+3)*frame;
slider.value=Math.min(Number(slider.max),Math.floor((time%total)/frame));show();timer=requestAnimationFrame(follow)};
const play=value=>{isPlaying=value;cancelAnimationFrame(timer);motions.forEach(motion=>value?motion.play():motion.pause());
button.textContent=value?'Pause':'Play';if(value)follow();else go(slider.value)};
slider.addEventListener('input',()=>{const value=slider.value;if(isPlaying)play(false);go(value)});
button.addEventListener('click',()=>play(!isPlaying));
go(0);play(!matchMedia('(prefers-reduced-motion:reduce)').matches);"""

    let private controls (figure: Figure) =
        let milliseconds = int (1000.0 * SvgFigure.frameSeconds)

        $"""<div class="gmm-controls"><button type="button">Play</button><input type="range" min="0" max="{figure.Frames - 1}" value="0" step="1" aria-label="Frame" data-milliseconds="{milliseconds}"><output></output></div>
<script>{script}</script>"""

    let write (figure: Figure) : string =
        let title = if figure.Title = "" then "Mixture model" else figure.Title
        let svg = SvgFigure.write true figure

        [ "<!doctype html>"
          "<html lang=\"en\"><head><meta charset=\"utf-8\">"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
          $"<title>{WebUtility.HtmlEncode(Svg.sound title)}</title>"
          $"<style>{style}</style></head>"
          "<body><figure>"
          svg.TrimEnd()
          if figure.Frames > 0 then
              controls figure
          "</figure></body></html>"
          "" ]
        |> String.concat "\n"
