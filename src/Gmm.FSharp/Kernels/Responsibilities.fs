namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open System
open FSharp.NativeInterop

/// Soft assignment: rₙₖ = exp(ln ρₙₖ − largestₙ) / Σⱼ exp(ln ρₙⱼ − largestₙ) for each row n of a panel, from the
/// largest joint log-density of each row. The functions passed in are what differs between responsibilities and their
/// roots: `ratio` returns exp x or its root, `plus` adds a number or its square, and `scale` returns a number or its
/// root.
module internal Softmax =
    /// Replaces the joint log-densities by wₙrₙₖ or its root, adds wₙrₙₖ to the counts, and puts Σⱼ exp(ln ρₙⱼ −
    /// largestₙ) in the place of the evidence.
    let inline put<'L, 'V when 'L :> ILanes<'V>>
        (panel: PanelState)
        (largest: nativeptr<float>)
        components
        ([<InlineIfLambda>] ratio: 'V -> 'V)
        ([<InlineIfLambda>] plus: 'V -> 'V -> 'V)
        ([<InlineIfLambda>] scale: 'V -> 'V)
        =
        let least = 'L.Fill Limits.zeroDensity
        let mutable n = 0

        while n < panel.Padded do
            let m = 'L.Load(NativePtr.add largest n)
            let mutable joint = NativePtr.add panel.Joint.Address n
            let mutable total = 'L.Zero

            for _ in 1..components do
                let ofRows = ratio ('L.Subtract('L.Max(least, 'L.Load joint), m))
                'L.Store(ofRows, joint)
                total <- plus total ofRows
                joint <- NativePtr.add joint Panel.Stride

            'L.Store(total, NativePtr.add panel.Evidence.Address n)
            let factor = scale ('L.Divide('L.Load(NativePtr.add panel.Weights.Address n), total))
            let mutable count = NativePtr.add panel.Counts.Address (n % Panel.Lanes)
            joint <- NativePtr.add panel.Joint.Address n

            for _ in 1..components do
                let weighted = 'L.Multiply('L.Load joint, factor)
                'L.Store(weighted, joint)
                'L.Store(plus ('L.Load count) weighted, count)
                joint <- NativePtr.add joint Panel.Stride
                count <- NativePtr.add count Panel.Lanes

            n <- n + 'L.Width

    /// Puts exp(ln ρₙₖ − largestₙ) or its root into `PanelState.Rounded`, their sums in the place of the evidence, and
    /// the factors that turn them into wₙrₙₖ or its root into `scales`.
    let inline putRounded<'S, 'W when 'S :> IVectors<'W>>
        (panel: PanelState)
        (largest: nativeptr<float>)
        components
        (scales: nativeint)
        ([<InlineIfLambda>] ratio: 'W -> 'W)
        ([<InlineIfLambda>] plus: 'W -> 'W -> 'W)
        ([<InlineIfLambda>] scale: 'W -> 'W)
        =
        let mutable n = 0

        while n < panel.Padded do
            let m = NativePtr.add largest n
            let mutable joint = NativePtr.add panel.Joint.Address n
            let mutable r = 'S.At(panel.Rounded.Start, n)
            let mutable total = 'S.Zero

            for _ in 1..components do
                let ofRows = ratio ('S.Difference(joint, Limits.zeroDensity, m))
                'S.Store(ofRows, r)
                total <- plus total ofRows
                joint <- NativePtr.add joint Panel.Stride
                r <- 'S.At(r, 'S.Stride)

            'S.Widen(total, NativePtr.add panel.Evidence.Address n)
            let factor = scale ('S.Divide('S.Narrow(NativePtr.add panel.Weights.Address n), total))
            'S.Store(factor, 'S.At(scales, n))
            n <- n + 'S.Width

/// The responsibilities of a panel's rows for a kernel that calculates in float32.
module internal Rounded =
    /// Puts the responsibilities times weights of each component, or their roots, with 0 for those below `least`, and
    /// adds the sum to the component's count; `plus` adds a number or its square. `weighted` returns those of a vector
    /// of rows, from their address in `PanelState.Joint`, the address at which they are put, and the number n of the
    /// first of these rows. Sums in float32 run over the rows of the panel only.
    let inline put<'S, 'W when 'S :> IVectors<'W>>
        (panel: PanelState)
        (scratch: nativeint)
        (counts: float[])
        (least: float)
        ([<InlineIfLambda>] plus: 'W -> 'W -> 'W)
        ([<InlineIfLambda>] weighted: nativeptr<float> -> nativeint -> int -> 'W)
        =
        let least, zero = 'S.Number least, 'S.Zero

        for k in 0 .. counts.Length - 1 do
            let joint, r = panel.Component k, PanelState.responsibilities<'S, 'W> panel k
            let mutable lane = 0

            while lane < 'S.Lanes do
                let mutable sum = 'S.Zero
                let mutable n = lane

                while n < panel.Padded do
                    let all = weighted (NativePtr.add joint n) ('S.At(r, n)) n
                    let ofRows = 'S.WhereLess(all, least, zero, all)
                    'S.Store(ofRows, 'S.At(r, n))
                    sum <- plus sum ofRows
                    n <- n + 'S.Lanes

                'S.Store(sum, 'S.At(scratch, lane))
                lane <- lane + 'S.Width

            counts[k] <- counts[k] + 'S.Sum scratch

/// Does the second half of the E-step on a panel: turns joint log-densities into responsibilities times weights or, for
/// kernels that take these (`PanelState.AreRoots`), their square roots. They take the place of the log-densities or,
/// for kernels that calculate in float32, lie in `PanelState.Rounded`.
[<Sealed; Optimised>]
type internal Responsibilities<'L, 'V, 'S, 'W when 'L :> ILanes<'V> and 'S :> IVectors<'W>>(panel: PanelState) =
    /// Every density is raised to it, and is 0 at it.
    let lowest = Limits.zeroDensity

    let largest, logLikelihood, weight = Pinned(), Pinned(), Pinned()

    // Only for kernels that calculate in float32.
    let scales, scratch = Pinned<float32>(), Pinned<float32>()
    let mutable roundedCounts: float[] = [||] // Σₙ wₙrₙₖ of each component

    let at (address: nativeptr<float>) (i: int) = NativePtr.add address i

    /// Adds the panel's rows to Σₙ wₙ.
    let addWeights () =
        let mutable n = 0

        while n < panel.Padded do
            let sums = at weight.Address (n % Panel.Lanes)
            'L.Store('L.Add('L.Load sums, 'L.Load(at panel.Weights.Address n)), sums)
            n <- n + 'L.Width

    /// Adds the panel's rows to Σₙ wₙ ln p(xₙ). A row of weight 0 adds nothing, even if ln p is −∞.
    let addEvidence () =
        let evidence = panel.Evidence
        let mutable n = 0

        while n < panel.Padded do
            let w, e = 'L.Load(at panel.Weights.Address n), 'L.Load(at evidence.Address n)
            let sums = at logLikelihood.Address (n % Panel.Lanes)
            'L.Store('L.Add('L.Load sums, 'L.WhereLess('L.Zero, w, 'L.Multiply(w, e), 'L.Zero)), sums)
            n <- n + 'L.Width

    /// Adds the panel's rows to Σₙ wₙrₙₖ of each component.
    let addCounts components =
        for k in 0 .. components - 1 do
            let r = panel.Component k
            let mutable lane = 0

            while lane < Panel.Lanes do
                let sum = at panel.Counts.Address (k * Panel.Lanes + lane)
                let mutable s = 'L.Load sum
                let mutable n = lane

                while n < panel.Padded do
                    s <- 'L.Add(s, 'L.Load(at r n))
                    n <- n + Panel.Lanes

                'L.Store(s, sum)
                lane <- lane + 'L.Width

    /// Finds the largest joint log-density of every row, at least `lowest`.
    let findLargest components =
        let least = 'L.Fill lowest
        let mutable n = 0

        while n < panel.Padded do
            let mutable joint = at panel.Joint.Address n
            let mutable m = least

            for _ in 1..components do
                m <- 'L.Max('L.Load joint, m)
                joint <- at joint Panel.Stride

            'L.Store(m, at largest.Address n)
            n <- n + 'L.Width

    /// Turns Σⱼ exp(ln ρₙⱼ − largestₙ) into the evidence.
    let findEvidence () =
        let least, evidence = 'L.Fill lowest, panel.Evidence.Address
        Elementary.logVectors<'L, 'V> evidence panel.Padded
        let mutable n = 0

        while n < panel.Padded do
            let m = 'L.Load(at largest.Address n)
            let e = 'L.Add(m, 'L.Load(at evidence n))
            'L.Store('L.WhereLess(least, m, e, 'L.Fill Double.NegativeInfinity), at evidence n)
            n <- n + 'L.Width

    // Four functions, so that the first fit of a process waits for the compilation of one only.

    /// Computes wₙrₙₖ of each component under soft assignment.
    let putRatios components =
        Softmax.put<'L, 'V>
            panel
            largest.Address
            components
            Elementary.expUpTo0<'L, 'V>
            (fun sum ratio -> 'L.Add(sum, ratio))
            (fun factor -> factor)

    /// Computes √(wₙrₙₖ) of each component under soft assignment.
    let putRoots components =
        Softmax.put<'L, 'V>
            panel
            largest.Address
            components
            Elementary.rootOfExpUpTo0<'L, 'V>
            (fun sum root -> 'L.Fma(root, root, sum))
            (fun factor -> 'L.Sqrt factor)

    /// Does what `putRatios` does, for a kernel that calculates in float32.
    let putRoundedRatios components =
        Softmax.putRounded<'S, 'W>
            panel
            largest.Address
            components
            scales.Start
            SingleExp.expUpTo0<'S, 'W>
            (fun sum ratio -> 'S.Add(sum, ratio))
            (fun factor -> factor)

        Rounded.put<'S, 'W> panel scratch.Start roundedCounts Single.Least (fun sum r -> 'S.Add(sum, r)) (fun _ r n ->
            'S.Multiply('S.Load r, 'S.Load('S.At(scales.Start, n))))

    /// Does what `putRoots` does, for a kernel that calculates in float32.
    let putRoundedRoots components =
        Softmax.putRounded<'S, 'W>
            panel
            largest.Address
            components
            scales.Start
            SingleExp.rootOfExpUpTo0<'S, 'W>
            (fun sum root -> 'S.Fma(root, root, sum))
            (fun factor -> 'S.Sqrt factor)

        Rounded.put<'S, 'W>
            panel
            scratch.Start
            roundedCounts
            (sqrt Single.Least)
            (fun sum root -> 'S.Fma(root, root, sum))
            (fun _ r n -> 'S.Multiply('S.Load r, 'S.Load('S.At(scales.Start, n))))

    /// Puts the responsibilities of soft assignment. A row of density 0 under every component gets evidence −∞ and
    /// equal responsibilities.
    let soft isRounded components =
        findLargest components

        match isRounded, panel.AreRoots with
        | false, false -> putRatios components
        | false, true -> putRoots components
        | true, false -> putRoundedRatios components
        | true, true -> putRoundedRoots components

        findEvidence ()

    /// Counts the winners.
    let countWinners () =
        for n in 0 .. panel.Count - 1 do
            let winner = Double.ConvertToIntegerNative<int>(NativePtr.get panel.Winners.Address n)
            let count = at panel.Counts.Address (winner * Panel.Lanes + (n &&& (Panel.Lanes - 1)))
            NativePtr.write count (NativePtr.read count + NativePtr.get panel.Weights.Address n)

    /// Finds the winner of each row under hard assignment, the component with the largest joint log-density and the
    /// first of equals, and sets wₙ for the winner and 0 for the others. Component 0 wins the rows of density 0 under
    /// every component.
    let hard components =
        let rows, winners, least = panel.Padded, panel.Winners.Address, 'L.Fill lowest
        let mutable n = 0

        while n < rows do
            let mutable highest = 'L.Load(at (panel.Component 0) n)
            let mutable winner = 'L.Zero

            for k in 1 .. components - 1 do
                let joint = 'L.Load(at (panel.Component k) n)
                winner <- 'L.WhereLess(highest, joint, 'L.Fill(float k), winner)
                highest <- 'L.WhereLess(highest, joint, joint, highest)

            'L.Store('L.WhereLess(least, highest, winner, 'L.Zero), at winners n)
            'L.Store(highest, at panel.Evidence.Address n)
            n <- n + 'L.Width

        for k in 0 .. components - 1 do
            let number = 'L.Fill(float k)
            n <- 0

            while n < rows do
                let winner, w = 'L.Load(at winners n), 'L.Load(at panel.Weights.Address n)
                let notBelow = 'L.WhereLess(winner, number, 'L.Zero, w)
                'L.Store('L.WhereLess(number, winner, 'L.Zero, notBelow), at (panel.Component k) n)
                n <- n + 'L.Width

    /// Computes wₙ times given responsibilities of the panel's rows (n×K).
    let take (given: ReadOnlySpan<float>) components =
        for k in 0 .. components - 1 do
            let r = panel.Component k

            for n in 0 .. panel.Padded - 1 do
                let value =
                    if n < panel.Count then
                        given[n * components + k] * NativePtr.get panel.Weights.Address n
                    else
                        0.0

                NativePtr.set r n value

        panel.Evidence.Clear panel.Padded

    /// Rounds wₙrₙₖ for a kernel that calculates in float32.
    let round () =
        Rounded.put<'S, 'W>
            panel
            scratch.Start
            roundedCounts
            Single.Least
            (fun sum r -> 'S.Add(sum, r))
            (fun joint _ _ -> 'S.Narrow joint)

    /// Replaces wₙrₙₖ by their roots if the kernel takes these.
    let takeRoots isRounded components =
        if panel.AreRoots then
            for k in 0 .. components - 1 do
                if isRounded then
                    let r = PanelState.responsibilities<'S, 'W> panel k
                    Whitening.roots<'S, 'W> r r panel.Padded
                else
                    let r = NativePtr.toNativeInt (panel.Component k)
                    Whitening.roots<Doubles<'L, 'V>, 'V> r r panel.Padded

    /// Sets the sums to 0.
    member _.Clear(components) =
        largest.Require Panel.Rows
        scales.Require Panel.Rows
        scratch.Require 'S.Lanes
        panel.Rounded.Require(components * 'S.Stride)
        roundedCounts <- Array.zeroCreate components

        for buffer, length in [ logLikelihood, 1; weight, 1; panel.Counts, components ] do
            buffer.Require(length * Panel.Lanes)
            buffer.Clear(length * Panel.Lanes)

    /// Puts the responsibilities of the panel's rows, times their weights, or the roots of these, and adds to the sums;
    /// `given` holds them where they are given. `isRounded` says whether the kernel that takes them calculates in
    /// float32.
    member _.Put(responsibility, isRounded, components, given: ReadOnlySpan<float>) =
        match responsibility with
        | Responsibility.Assigned Soft -> soft isRounded components
        | Responsibility.Assigned Hard ->
            hard components
            if isRounded then round () else countWinners ()

            takeRoots isRounded components
        | Responsibility.Given _ ->
            take given components
            if isRounded then round () else addCounts components

            takeRoots isRounded components

        addWeights ()
        addEvidence ()

    /// Adds the panel's rows, whose winners the kernel has counted, and their Σₙ wₙ ln p(xₙ) to the sums.
    member _.PutWinners(ofPanel: float) =
        addWeights ()
        NativePtr.write logLikelihood.Address (NativePtr.read logLikelihood.Address + ofPanel)

    /// Returns Σₙ wₙ.
    member _.Weight = Panel.sum weight.Address
    /// Returns Σₙ wₙ ln p(xₙ).
    member _.LogLikelihood = Panel.sum logLikelihood.Address

    /// The sums Σₙ wₙrₙₖ of all components (K) over the rows of kernels that calculate in float32.
    member _.RoundedCounts = roundedCounts

    /// Writes Σₙ wₙrₙₖ of all components (K) to `target`.
    member _.PutCounts(target: float[]) =
        for k in 0 .. target.Length - 1 do
            target[k] <- Panel.sum (at panel.Counts.Address (k * Panel.Lanes)) + roundedCounts[k]
