namespace Gmm

#nowarn "9" // Pointers: the buffers are pinned.

open System
open FSharp.NativeInterop

/// The second half of the E-step on a panel: joint log-densities become responsibilities times weights, in place.
[<Sealed; Optimised>]
type internal Responsibilities<'L, 'V when 'L :> ILanes<'V>>() =
    /// What every density is raised to; at it, a density is 0. As `Assignment` has it.
    let lowest = -1e303

    let largest, total, evidence = Pinned(), Pinned(), Pinned()
    let logLikelihood, weight, counts = Pinned(), Pinned(), Pinned()

    let at (address: nativeptr<float>) (i: int) = NativePtr.add address i

    /// For every row the largest of the joint log-densities, all of them at least `lowest`.
    let findLargest (sheet: Sheet) components =
        let least = 'L.Fill lowest
        let mutable n = 0

        while n < sheet.Padded do
            let mutable m = least

            for k in 0 .. components - 1 do
                let joint = 'L.Load(at (sheet.Component k) n)
                m <- 'L.Max(joint, m)

            'L.Store(m, at largest.Address n)
            n <- n + 'L.Width

    /// Adds Σₙ wₙ and Σₙ wₙ ln p(xₙ); a row of weight 0 adds nothing, even where ln p is −∞.
    let addEvidence (sheet: Sheet) =
        let mutable n = 0

        while n < sheet.Padded do
            let w, e = 'L.Load(at sheet.Weights.Address n), 'L.Load(at evidence.Address n)
            let sums, weights = at logLikelihood.Address (n % Panel.Lanes), at weight.Address (n % Panel.Lanes)
            'L.Store('L.Add('L.Load weights, w), weights)
            'L.Store('L.Add('L.Load sums, 'L.WhereLess('L.Zero, w, 'L.Multiply(w, e), 'L.Zero)), sums)
            n <- n + 'L.Width

    let addCounts (sheet: Sheet) components =
        for k in 0 .. components - 1 do
            let r = sheet.Component k
            let mutable lane = 0

            while lane < Panel.Lanes do
                let sum = at counts.Address (k * Panel.Lanes + lane)
                let mutable s = 'L.Load sum
                let mutable n = lane

                while n < sheet.Padded do
                    s <- 'L.Add(s, 'L.Load(at r n))
                    n <- n + Panel.Lanes

                'L.Store(s, sum)
                lane <- lane + 'L.Width

    /// rₙₖ = exp(ln ρₙₖ − largest) / Σⱼ the same, times wₙ; a row of density 0 under every component has evidence −∞ and
    /// equal responsibilities.
    let soft (sheet: Sheet) components =
        let rows = sheet.Padded
        let least = 'L.Fill lowest
        findLargest sheet components

        evidence.Clear rows

        for k in 0 .. components - 1 do
            let joint = sheet.Component k
            let mutable n = 0

            while n < rows do
                let l = 'L.Load(at joint n)
                let ratio = Elementary.expUpTo709<'L, 'V>('L.Subtract('L.Max(least, l), 'L.Load(at largest.Address n)))
                'L.Store(ratio, at joint n)
                'L.Store('L.Add('L.Load(at evidence.Address n), ratio), at evidence.Address n)
                n <- n + 'L.Width

        let mutable n = 0

        while n < rows do
            let w, sum = 'L.Load(at sheet.Weights.Address n), 'L.Load(at evidence.Address n)
            'L.Store('L.Divide(w, sum), at total.Address n)
            n <- n + 'L.Width

        Elementary.log<'L, 'V> evidence.Address rows
        n <- 0

        while n < rows do
            let m = 'L.Load(at largest.Address n)
            let e = 'L.Add(m, 'L.Load(at evidence.Address n))
            'L.Store('L.WhereLess(least, m, e, 'L.Fill Double.NegativeInfinity), at evidence.Address n)
            n <- n + 'L.Width

        for k in 0 .. components - 1 do
            let r = sheet.Component k
            let mutable lane = 0

            while lane < Panel.Lanes do
                let sum = at counts.Address (k * Panel.Lanes + lane)
                let mutable s = 'L.Load sum
                n <- lane

                while n < rows do
                    let weighted = 'L.Multiply('L.Load(at r n), 'L.Load(at total.Address n))
                    'L.Store(weighted, at r n)
                    s <- 'L.Add(s, weighted)
                    n <- n + Panel.Lanes

                'L.Store(s, sum)
                lane <- lane + 'L.Width

    /// The component of the largest joint log-density of each row, of those at least `lowest` and of equals the first, and
    /// unless winners are enough: its wₙ, and 0 for the others.
    let hard (sheet: Sheet) components winnersOnly =
        let rows, least = sheet.Padded, 'L.Fill lowest
        let mutable n = 0

        while n < rows do
            let first = 'L.Load(at (sheet.Component 0) n)
            let mutable highest = 'L.WhereLess(first, least, least, first)
            let mutable evidenceOfRow = first
            let mutable winner = 'L.Zero

            for k in 1 .. components - 1 do
                let joint = 'L.Load(at (sheet.Component k) n)
                winner <- 'L.WhereLess(highest, joint, 'L.Fill(float k), winner)
                highest <- 'L.WhereLess(highest, joint, joint, highest)
                evidenceOfRow <- 'L.WhereLess(evidenceOfRow, joint, joint, evidenceOfRow)

            'L.Store(winner, at largest.Address n)
            'L.Store(evidenceOfRow, at evidence.Address n)
            n <- n + 'L.Width

        for n in 0 .. rows - 1 do
            let winner = int (NativePtr.get largest.Address n)
            let count = at counts.Address (winner * Panel.Lanes + n % Panel.Lanes)
            sheet.Winners[n] <- winner
            NativePtr.write count (NativePtr.read count + NativePtr.get sheet.Weights.Address n)

        if not winnersOnly then
            for k in 0 .. components - 1 do
                let number = 'L.Fill(float k)
                n <- 0

                while n < rows do
                    let winner, w = 'L.Load(at largest.Address n), 'L.Load(at sheet.Weights.Address n)
                    let notBelow = 'L.WhereLess(winner, number, 'L.Zero, w)
                    'L.Store('L.WhereLess(number, winner, 'L.Zero, notBelow), at (sheet.Component k) n)
                    n <- n + 'L.Width

    /// wₙ times responsibilities that were given for the rows of the panel (n×K).
    let take (given: ReadOnlySpan<float>) (sheet: Sheet) components =
        for k in 0 .. components - 1 do
            let r = sheet.Component k

            for n in 0 .. sheet.Padded - 1 do
                let value =
                    if n < sheet.Count then
                        given[n * components + k] * NativePtr.get sheet.Weights.Address n
                    else
                        0.0

                NativePtr.set r n value

        evidence.Clear sheet.Padded

    /// Sets the sums to 0.
    member _.Clear(components) =
        for buffer in [ largest; total; evidence ] do
            buffer.Require Panel.Rows

        for buffer, length in [ logLikelihood, 1; weight, 1; counts, components ] do
            buffer.Require(length * Panel.Lanes)
            buffer.Clear(length * Panel.Lanes)

    /// Assigns the panel's rows and adds to the sums; `given` are the responsibilities of its rows where they are given.
    /// Of hard assignment winners may be enough.
    member _.Assign(assignment, sheet: Sheet, components, given: ReadOnlySpan<float>, winnersOnly) =
        match assignment with
        | Soft -> soft sheet components
        | Hard -> hard sheet components winnersOnly
        | Given _ ->
            take given sheet components
            addCounts sheet components

        addEvidence sheet

    /// Σₙ wₙ.
    member _.Weight = Panel.sum weight.Address
    /// Σₙ wₙ ln p(xₙ).
    member _.LogLikelihood = Panel.sum logLikelihood.Address

    /// Σₙ wₙrₙₖ of component k.
    member _.Count(k: int) = Panel.sum (at counts.Address (k * Panel.Lanes))

    /// Puts Σₙ wₙrₙₖ (K).
    member responsibilities.PutCounts(target: float[]) =
        for k in 0 .. target.Length - 1 do
            target[k] <- responsibilities.Count k
