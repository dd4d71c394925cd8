namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open System
open FSharp.NativeInterop

/// The kernel of exponential families: computes ln p = η·T(x) + c + ln h(x), and the sums RᵀT.
[<Sealed; Optimised>]
type internal LinearForm<'L, 'V when 'L :> ILanes<'V>>() =
    inherit FormKernel()

    let t, natural, logBases, sumsOfPanels = Pinned(), Pinned(), Pinned(), Pinned()
    let mutable statistic: Tensor -> Tensor = id
    let mutable logBase: float -> float = id
    let mutable constants: float[] = [||]
    let mutable components = 0
    let mutable features = 0
    let mutable statistics = 0 // F, the length of T
    let mutable columns = 0 // F rounded up to an even number

    /// Adds η·T + c + ln h for four components.
    let addFour k (panel: PanelState) =
        let width = 'L.Width
        let mutable n = 0

        while n < panel.Padded do
            let mutable s00 = 'L.Zero
            let mutable s01 = 'L.Zero
            let mutable s10 = 'L.Zero
            let mutable s11 = 'L.Zero
            let mutable s20 = 'L.Zero
            let mutable s21 = 'L.Zero
            let mutable s30 = 'L.Zero
            let mutable s31 = 'L.Zero
            let mutable eta = NativePtr.add natural.Address (k * statistics)
            let mutable column = NativePtr.add t.Address n

            for _ in 0 .. statistics - 1 do
                let t0 = 'L.Load column
                let t1 = 'L.Load(NativePtr.add column width)
                let e0 = 'L.Fill(NativePtr.read eta)
                s00 <- 'L.Fma(e0, t0, s00)
                s01 <- 'L.Fma(e0, t1, s01)
                let e1 = 'L.Fill(NativePtr.get eta 1)
                s10 <- 'L.Fma(e1, t0, s10)
                s11 <- 'L.Fma(e1, t1, s11)
                let e2 = 'L.Fill(NativePtr.get eta 2)
                s20 <- 'L.Fma(e2, t0, s20)
                s21 <- 'L.Fma(e2, t1, s21)
                let e3 = 'L.Fill(NativePtr.get eta 3)
                s30 <- 'L.Fma(e3, t0, s30)
                s31 <- 'L.Fma(e3, t1, s31)
                eta <- NativePtr.add eta 4
                column <- NativePtr.add column Panel.Stride

            let h = NativePtr.add logBases.Address n

            let inline finish i s0 s1 =
                let target, c = NativePtr.add (panel.Component(k + i)) n, 'L.Fill constants[k + i]
                let other = NativePtr.add target width
                'L.Store('L.Add('L.Load target, 'L.Add('L.Add(s0, c), 'L.Load h)), target)
                'L.Store('L.Add('L.Load other, 'L.Add('L.Add(s1, c), 'L.Load(NativePtr.add h width))), other)

            finish 0 s00 s01
            finish 1 s10 s11
            finish 2 s20 s21
            finish 3 s30 s31
            n <- n + 2 * width

    override _.Prepare(form, count) =
        match form with
        | Form.Linear(itsStatistic, itsLogBase, itsNatural, itsConstants) ->
            let numbers = (Reference.numbersOf itsNatural).Span
            statistic <- itsStatistic
            logBase <- itsLogBase
            components <- count
            statistics <- itsNatural.shape[1]
            columns <- Panel.even statistics
            let groups = (components + 3) / 4
            constants <- Array.append itsConstants (Array.zeroCreate (4 * groups - components))
            t.Require(columns * Panel.Stride)
            logBases.Require Panel.Rows
            natural.Require(4 * groups * statistics)
            natural.Clear(4 * groups * statistics)

            for k in 0 .. components - 1 do
                for j in 0 .. statistics - 1 do
                    let place = (k / 4 * statistics + j) * 4 + k % 4
                    NativePtr.set natural.Address place numbers[k * statistics + j]

            sumsOfPanels.Require(Tiles.rectangleSize<Doubles<'L, 'V>, 'V> (Panel.even components) columns)
        | _ -> invalidOp "A linear kernel was given another form."

    override _.Read(rows, width, panel) =
        let count = panel.Count
        let block = ReadOnlySpan<float>(rows.ToPointer(), count * width).ToArray()
        let values = (statistic (Reference.engine.Create [| count; width |] (ReadOnlyMemory block))).toArray()
        use pinned = fixed values
        Panel.transpose pinned statistics statistics count t.Address

        for n in 0 .. count - 1 do
            let mutable sum = 0.0

            for j in 0 .. width - 1 do
                sum <- sum + logBase block[n * width + j]

            NativePtr.set logBases.Address n sum

        for n in count .. panel.Padded - 1 do
            NativePtr.set logBases.Address n 0.0

    override _.Score panel =
        let mutable k = 0

        while k < components do
            addFour k panel
            k <- k + 4

    override _.Gather panel =
        Tiles.addRectangle<Doubles<'L, 'V>, 'V>
            panel.Joint.Start
            t.Start
            sumsOfPanels.Start
            (Panel.even components)
            columns
            panel.Padded

    override _.Clear() = sumsOfPanels.Clear(Tiles.rectangleSize<Doubles<'L, 'V>, 'V> (Panel.even components) columns)

    override _.AddTo sums =
        Tiles.readRectangle<Doubles<'L, 'V>, 'V>
            sumsOfPanels.Start
            (Panel.even components)
            columns
            sums[0]
            components
            statistics

        1
