namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open FSharp.NativeInterop

/// The numbers of the components of a form of Student's t distributions (K each), which a kernel needs besides the
/// squared distances δ: ln p = c + power · ln(1 + inverse · δ) + slope · δ. Where ν = ∞, only the last term depends on
/// δ; elsewhere it is 0.
type internal StudentTails =
    {
        /// c.
        Constants: float[]
        /// 1/ν.
        Inverses: float[]
        /// −½(ν+D), or 0.
        Powers: float[]
        /// 0, or −½.
        Slopes: float[]
        /// 1 + D/ν, the largest u.
        Most: float[]
        /// The numbers that the sums of ln u − u have in addition.
        Shifts: float[]
    }

[<Optimised>]
module internal StudentTails =
    /// The largest squared distance; larger ones, and those that overflow, count as this. δ/ν is still a number for the
    /// smallest ν, 0.1.
    [<Literal>]
    let Farthest = 1e307

    /// Returns the quadratic form of a form of Student's t distributions, and the numbers of its components.
    let ofForm (form: Form) : Form * StudentTails =
        match form with
        | Form.Student(Form.Quadratic(_, means, _, _) as quadratic, degrees, constants, shifts) ->
            let features = float means.shape[1]
            let ofEach finite infinite = degrees |> Array.map (fun nu -> if nu = infinity then infinite else finite nu)

            quadratic,
            { Constants = constants
              Inverses = degrees |> Array.map (fun nu -> 1.0 / nu)
              Powers = ofEach (fun nu -> -0.5 * (nu + features)) 0.0
              Slopes = ofEach (fun _ -> 0.0) -0.5
              Most = degrees |> Array.map (fun nu -> 1.0 + features / nu)
              Shifts = shifts }
        | _ -> invalidOp "A kernel of Student's t distributions was given another form."

    /// Returns δ from −½δ.
    let inline distance<'L, 'V when 'L :> ILanes<'V>> (halved: 'V) : 'V =
        let delta, farthest = 'L.Multiply(halved, 'L.Fill -2.0), 'L.Fill Farthest
        'L.WhereLess(delta, farthest, delta, farthest)

    /// Returns 1 + δ/ν.
    let inline spread<'L, 'V when 'L :> ILanes<'V>> (inverse: 'V) (delta: 'V) : 'V = 'L.Fma(delta, inverse, 'L.Fill 1.0)

    /// Returns ln p from ln(1 + δ/ν).
    let inline density<'L, 'V when 'L :> ILanes<'V>> (constant: 'V) (power: 'V) (slope: 'V) (delta: 'V) (log: 'V) : 'V =
        'L.Fma(delta, slope, 'L.Fma(log, power, constant))

/// The kernel of components with Student's t distribution: a kernel of the quadratic form computes squared distances,
/// and the sums of moments with responsibilities times E(u|x). `kernelOf form current` gives the kernel of a form:
/// `current` if it can.
[<Sealed; Optimised>]
type internal StudentForm<'L, 'V when 'L :> ILanes<'V>>(kernelOf: Form -> FormKernel -> FormKernel) =
    inherit FormKernel()

    let mutable quadratic = Unchecked.defaultof<FormKernel>
    let mutable tails = Unchecked.defaultof<StudentTails>
    let mutable components = 0

    /// The panel of the quadratic form: −½δ, then u, then responsibilities times u.
    let own = PanelState()
    /// ln u − u, for each component.
    let logs = Pinned()
    let weights, sumsOfLogs = Pinned(), Pinned()

    let at (address: nativeptr<float>) (i: int) = NativePtr.add address i

    override _.Prepare(form, count) =
        let itsQuadratic, itsTails = StudentTails.ofForm form
        quadratic <- kernelOf itsQuadratic quadratic
        quadratic.Prepare(itsQuadratic, count)
        components <- count
        tails <- itsTails
        own.Joint.Require(components * Panel.Stride)
        logs.Require(components * Panel.Stride)

        for buffer in [ weights; sumsOfLogs ] do
            buffer.Require(components * Panel.Lanes)

    override _.Clear() =
        quadratic.Clear()
        weights.Clear(components * Panel.Lanes)
        sumsOfLogs.Clear(components * Panel.Lanes)

    override _.Read(source, width, panel) = quadratic.Read(source, width, panel)

    override _.Score panel =
        own.Count <- panel.Count
        own.Padded <- panel.Padded
        own.Joint.Clear(components * Panel.Stride)
        quadratic.Score own

        for k in 0 .. components - 1 do
            let target, halved, logs = panel.Component k, own.Component k, at logs.Address (k * Panel.Stride)
            let inverse, power, slope = 'L.Fill tails.Inverses[k], 'L.Fill tails.Powers[k], 'L.Fill tails.Slopes[k]
            let constant, most = 'L.Fill tails.Constants[k], 'L.Fill tails.Most[k]
            let logOfMost, shift = 'L.Fill(log tails.Most[k]), 'L.Fill tails.Shifts[k]
            let mutable n = 0

            while n < panel.Padded do
                let delta = StudentTails.distance<'L, 'V>('L.Load(at halved n))
                'L.Store(StudentTails.spread<'L, 'V> inverse delta, at logs n)
                n <- n + 'L.Width

            Elementary.logVectors<'L, 'V> logs panel.Padded
            n <- 0

            while n < panel.Padded do
                let delta = StudentTails.distance<'L, 'V>('L.Load(at halved n))
                let logOfSpread = 'L.Load(at logs n)
                let density = StudentTails.density<'L, 'V> constant power slope delta logOfSpread
                let u = 'L.Divide(most, StudentTails.spread<'L, 'V> inverse delta)
                'L.Store('L.Add('L.Load(at target n), density), at target n)
                'L.Store(u, at halved n)
                'L.Store('L.Add('L.Subtract('L.Subtract(logOfMost, logOfSpread), u), shift), at logs n)
                n <- n + 'L.Width

    override _.Gather panel =
        for k in 0 .. components - 1 do
            let r, u, logs = panel.Component k, own.Component k, at logs.Address (k * Panel.Stride)
            let mutable lane = 0

            while lane < Panel.Lanes do
                let sumOfWeights = at weights.Address (k * Panel.Lanes + lane)
                let sumOfLogs = at sumsOfLogs.Address (k * Panel.Lanes + lane)
                let mutable w = 'L.Load sumOfWeights
                let mutable l = 'L.Load sumOfLogs
                let mutable n = lane

                while n < panel.Padded do
                    let share = 'L.Load(at r n)
                    let weighted = 'L.Multiply(share, 'L.Load(at u n))
                    'L.Store(weighted, at u n)
                    w <- 'L.Add(w, weighted)
                    l <- 'L.Fma(share, 'L.Load(at logs n), l)
                    n <- n + Panel.Lanes

                'L.Store(w, sumOfWeights)
                'L.Store(l, sumOfLogs)
                lane <- lane + 'L.Width

        quadratic.Gather own

    override _.AddTo sums =
        let added = quadratic.AddTo sums

        for k in 0 .. components - 1 do
            let add (sums: float[]) (lanes: Pinned) =
                sums[k] <- sums[k] + Panel.sum (at lanes.Address (k * Panel.Lanes))

            add sums[added] weights
            add sums[added + 1] sumsOfLogs

        added + 2
