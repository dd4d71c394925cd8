namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open System
open FSharp.NativeInterop

/// The loops over the rows of a panel that full covariances need.
[<Optimised>]
module internal Whitening =
    /// Adds c + h‖W(x−m)+s‖² to target[n], 2 vectors of each column at a time.
    let private addWhitenedByTwo<'N, 'V when 'N :> IVectors<'V>>
        (x: nativeint)
        (mean: nativeint)
        (factor: nativeint)
        (shifts: nativeint)
        columns
        half
        constant
        (z: nativeint)
        (target: nativeptr<float>)
        rows
        =
        let width = 'N.Width
        let mutable n = 0

        while n < rows do
            let mutable column = 'N.At(x, n)
            let mutable m = mean
            let mutable q0 = 'N.Zero
            let mutable q1 = 'N.Zero
            let mutable w = factor
            let mutable i = 0

            while i + 4 <= columns do
                let c0 = 'N.Fill('N.At(shifts, i))
                let c1 = 'N.Fill('N.At(shifts, i + 1))
                let c2 = 'N.Fill('N.At(shifts, i + 2))
                let c3 = 'N.Fill('N.At(shifts, i + 3))
                let mutable y00 = c0
                let mutable y01 = c0
                let mutable y10 = c1
                let mutable y11 = c1
                let mutable y20 = c2
                let mutable y21 = c2
                let mutable y30 = c3
                let mutable y31 = c3
                let mutable zj = z

                for _ in 0 .. i - 1 do
                    let z0 = 'N.Load zj
                    let z1 = 'N.Load('N.At(zj, width))
                    let w0 = 'N.Fill w
                    y00 <- 'N.Fma(w0, z0, y00)
                    y01 <- 'N.Fma(w0, z1, y01)
                    let w1 = 'N.Fill('N.At(w, 1))
                    y10 <- 'N.Fma(w1, z0, y10)
                    y11 <- 'N.Fma(w1, z1, y11)
                    let w2 = 'N.Fill('N.At(w, 2))
                    y20 <- 'N.Fma(w2, z0, y20)
                    y21 <- 'N.Fma(w2, z1, y21)
                    let w3 = 'N.Fill('N.At(w, 3))
                    y30 <- 'N.Fma(w3, z0, y30)
                    y31 <- 'N.Fma(w3, z1, y31)
                    w <- 'N.At(w, 4)
                    zj <- 'N.At(zj, 2 * width)

                // The diagonal: each column has one row fewer. Its numbers z = x − μ are new.
                let mj = 'N.Fill m
                let z0 = 'N.Subtract('N.Load column, mj)
                let z1 = 'N.Subtract('N.Load('N.At(column, width)), mj)
                'N.Store(z0, zj)
                'N.Store(z1, 'N.At(zj, width))
                let w0 = 'N.Fill w
                y00 <- 'N.Fma(w0, z0, y00)
                y01 <- 'N.Fma(w0, z1, y01)
                let w1 = 'N.Fill('N.At(w, 1))
                y10 <- 'N.Fma(w1, z0, y10)
                y11 <- 'N.Fma(w1, z1, y11)
                let w2 = 'N.Fill('N.At(w, 2))
                y20 <- 'N.Fma(w2, z0, y20)
                y21 <- 'N.Fma(w2, z1, y21)
                let w3 = 'N.Fill('N.At(w, 3))
                y30 <- 'N.Fma(w3, z0, y30)
                y31 <- 'N.Fma(w3, z1, y31)
                let mj = 'N.Fill('N.At(m, 1))
                let z0 = 'N.Subtract('N.Load('N.At(column, 'N.Stride)), mj)
                let z1 = 'N.Subtract('N.Load('N.At(column, 'N.Stride + width)), mj)
                'N.Store(z0, 'N.At(zj, 2 * width))
                'N.Store(z1, 'N.At(zj, 3 * width))
                let w1 = 'N.Fill('N.At(w, 5))
                y10 <- 'N.Fma(w1, z0, y10)
                y11 <- 'N.Fma(w1, z1, y11)
                let w2 = 'N.Fill('N.At(w, 6))
                y20 <- 'N.Fma(w2, z0, y20)
                y21 <- 'N.Fma(w2, z1, y21)
                let w3 = 'N.Fill('N.At(w, 7))
                y30 <- 'N.Fma(w3, z0, y30)
                y31 <- 'N.Fma(w3, z1, y31)
                let mj = 'N.Fill('N.At(m, 2))
                let z0 = 'N.Subtract('N.Load('N.At(column, 2 * 'N.Stride)), mj)
                let z1 = 'N.Subtract('N.Load('N.At(column, 2 * 'N.Stride + width)), mj)
                'N.Store(z0, 'N.At(zj, 4 * width))
                'N.Store(z1, 'N.At(zj, 5 * width))
                let w2 = 'N.Fill('N.At(w, 10))
                y20 <- 'N.Fma(w2, z0, y20)
                y21 <- 'N.Fma(w2, z1, y21)
                let w3 = 'N.Fill('N.At(w, 11))
                y30 <- 'N.Fma(w3, z0, y30)
                y31 <- 'N.Fma(w3, z1, y31)
                let mj = 'N.Fill('N.At(m, 3))
                let z0 = 'N.Subtract('N.Load('N.At(column, 3 * 'N.Stride)), mj)
                let z1 = 'N.Subtract('N.Load('N.At(column, 3 * 'N.Stride + width)), mj)
                'N.Store(z0, 'N.At(zj, 6 * width))
                'N.Store(z1, 'N.At(zj, 7 * width))
                let w3 = 'N.Fill('N.At(w, 15))
                y30 <- 'N.Fma(w3, z0, y30)
                y31 <- 'N.Fma(w3, z1, y31)
                w <- 'N.At(w, 16)
                m <- 'N.At(m, 4)
                column <- 'N.At(column, 4 * 'N.Stride)
                q0 <- 'N.Fma(y30, y30, 'N.Fma(y20, y20, 'N.Fma(y10, y10, 'N.Fma(y00, y00, q0))))
                q1 <- 'N.Fma(y31, y31, 'N.Fma(y21, y21, 'N.Fma(y11, y11, 'N.Fma(y01, y01, q1))))
                i <- i + 4

            if i < columns then
                let c0 = 'N.Fill('N.At(shifts, i))
                let c1 = 'N.Fill('N.At(shifts, i + 1))
                let mutable y00 = c0
                let mutable y01 = c0
                let mutable y10 = c1
                let mutable y11 = c1
                let mutable zj = z

                for _ in 0 .. i - 1 do
                    let z0 = 'N.Load zj
                    let z1 = 'N.Load('N.At(zj, width))
                    let w0 = 'N.Fill w
                    y00 <- 'N.Fma(w0, z0, y00)
                    y01 <- 'N.Fma(w0, z1, y01)
                    let w1 = 'N.Fill('N.At(w, 1))
                    y10 <- 'N.Fma(w1, z0, y10)
                    y11 <- 'N.Fma(w1, z1, y11)
                    w <- 'N.At(w, 2)
                    zj <- 'N.At(zj, 2 * width)

                let mj = 'N.Fill m
                let z0 = 'N.Subtract('N.Load column, mj)
                let z1 = 'N.Subtract('N.Load('N.At(column, width)), mj)
                let w0 = 'N.Fill w
                y00 <- 'N.Fma(w0, z0, y00)
                y01 <- 'N.Fma(w0, z1, y01)
                let w1 = 'N.Fill('N.At(w, 1))
                y10 <- 'N.Fma(w1, z0, y10)
                y11 <- 'N.Fma(w1, z1, y11)
                let mj = 'N.Fill('N.At(m, 1))
                let z0 = 'N.Subtract('N.Load('N.At(column, 'N.Stride)), mj)
                let z1 = 'N.Subtract('N.Load('N.At(column, 'N.Stride + width)), mj)
                let w1 = 'N.Fill('N.At(w, 3))
                y10 <- 'N.Fma(w1, z0, y10)
                y11 <- 'N.Fma(w1, z1, y11)
                q0 <- 'N.Fma(y10, y10, 'N.Fma(y00, y00, q0))
                q1 <- 'N.Fma(y11, y11, 'N.Fma(y01, y01, q1))

            let t = NativePtr.add target n
            'N.AddScaled(q0, q1, half, constant, t)
            n <- n + 2 * width

    /// Adds c + h‖W(x−m)+s‖² to target[n], 4 vectors of each column at a time, for machines with 32 vector registers.
    let private addWhitenedByFour<'N, 'V when 'N :> IVectors<'V>>
        (x: nativeint)
        (mean: nativeint)
        (factor: nativeint)
        (shifts: nativeint)
        columns
        half
        constant
        (z: nativeint)
        (target: nativeptr<float>)
        rows
        =
        let width = 'N.Width
        let mutable n = 0

        while n < rows do
            let mutable column = 'N.At(x, n)
            let mutable m = mean
            let mutable q0 = 'N.Zero
            let mutable q1 = 'N.Zero
            let mutable q2 = 'N.Zero
            let mutable q3 = 'N.Zero
            let mutable w = factor
            let mutable i = 0

            while i + 4 <= columns do
                let c0 = 'N.Fill('N.At(shifts, i))
                let c1 = 'N.Fill('N.At(shifts, i + 1))
                let c2 = 'N.Fill('N.At(shifts, i + 2))
                let c3 = 'N.Fill('N.At(shifts, i + 3))
                let mutable y00 = c0
                let mutable y01 = c0
                let mutable y02 = c0
                let mutable y03 = c0
                let mutable y10 = c1
                let mutable y11 = c1
                let mutable y12 = c1
                let mutable y13 = c1
                let mutable y20 = c2
                let mutable y21 = c2
                let mutable y22 = c2
                let mutable y23 = c2
                let mutable y30 = c3
                let mutable y31 = c3
                let mutable y32 = c3
                let mutable y33 = c3
                let mutable zj = z

                for _ in 0 .. i - 1 do
                    let z0 = 'N.Load zj
                    let z1 = 'N.Load('N.At(zj, width))
                    let z2 = 'N.Load('N.At(zj, 2 * width))
                    let z3 = 'N.Load('N.At(zj, 3 * width))
                    let w0 = 'N.Fill w
                    y00 <- 'N.Fma(w0, z0, y00)
                    y01 <- 'N.Fma(w0, z1, y01)
                    y02 <- 'N.Fma(w0, z2, y02)
                    y03 <- 'N.Fma(w0, z3, y03)
                    let w1 = 'N.Fill('N.At(w, 1))
                    y10 <- 'N.Fma(w1, z0, y10)
                    y11 <- 'N.Fma(w1, z1, y11)
                    y12 <- 'N.Fma(w1, z2, y12)
                    y13 <- 'N.Fma(w1, z3, y13)
                    let w2 = 'N.Fill('N.At(w, 2))
                    y20 <- 'N.Fma(w2, z0, y20)
                    y21 <- 'N.Fma(w2, z1, y21)
                    y22 <- 'N.Fma(w2, z2, y22)
                    y23 <- 'N.Fma(w2, z3, y23)
                    let w3 = 'N.Fill('N.At(w, 3))
                    y30 <- 'N.Fma(w3, z0, y30)
                    y31 <- 'N.Fma(w3, z1, y31)
                    y32 <- 'N.Fma(w3, z2, y32)
                    y33 <- 'N.Fma(w3, z3, y33)
                    w <- 'N.At(w, 4)
                    zj <- 'N.At(zj, 4 * width)

                // The diagonal: each column has one row fewer. Its numbers z = x − μ are new.
                let mj = 'N.Fill m
                let z0 = 'N.Subtract('N.Load column, mj)
                let z1 = 'N.Subtract('N.Load('N.At(column, width)), mj)
                let z2 = 'N.Subtract('N.Load('N.At(column, 2 * width)), mj)
                let z3 = 'N.Subtract('N.Load('N.At(column, 3 * width)), mj)
                'N.Store(z0, zj)
                'N.Store(z1, 'N.At(zj, width))
                'N.Store(z2, 'N.At(zj, 2 * width))
                'N.Store(z3, 'N.At(zj, 3 * width))
                let w0 = 'N.Fill w
                y00 <- 'N.Fma(w0, z0, y00)
                y01 <- 'N.Fma(w0, z1, y01)
                y02 <- 'N.Fma(w0, z2, y02)
                y03 <- 'N.Fma(w0, z3, y03)
                let w1 = 'N.Fill('N.At(w, 1))
                y10 <- 'N.Fma(w1, z0, y10)
                y11 <- 'N.Fma(w1, z1, y11)
                y12 <- 'N.Fma(w1, z2, y12)
                y13 <- 'N.Fma(w1, z3, y13)
                let w2 = 'N.Fill('N.At(w, 2))
                y20 <- 'N.Fma(w2, z0, y20)
                y21 <- 'N.Fma(w2, z1, y21)
                y22 <- 'N.Fma(w2, z2, y22)
                y23 <- 'N.Fma(w2, z3, y23)
                let w3 = 'N.Fill('N.At(w, 3))
                y30 <- 'N.Fma(w3, z0, y30)
                y31 <- 'N.Fma(w3, z1, y31)
                y32 <- 'N.Fma(w3, z2, y32)
                y33 <- 'N.Fma(w3, z3, y33)
                let mj = 'N.Fill('N.At(m, 1))
                let z0 = 'N.Subtract('N.Load('N.At(column, 'N.Stride)), mj)
                let z1 = 'N.Subtract('N.Load('N.At(column, 'N.Stride + width)), mj)
                let z2 = 'N.Subtract('N.Load('N.At(column, 'N.Stride + 2 * width)), mj)
                let z3 = 'N.Subtract('N.Load('N.At(column, 'N.Stride + 3 * width)), mj)
                'N.Store(z0, 'N.At(zj, 4 * width))
                'N.Store(z1, 'N.At(zj, 5 * width))
                'N.Store(z2, 'N.At(zj, 6 * width))
                'N.Store(z3, 'N.At(zj, 7 * width))
                let w1 = 'N.Fill('N.At(w, 5))
                y10 <- 'N.Fma(w1, z0, y10)
                y11 <- 'N.Fma(w1, z1, y11)
                y12 <- 'N.Fma(w1, z2, y12)
                y13 <- 'N.Fma(w1, z3, y13)
                let w2 = 'N.Fill('N.At(w, 6))
                y20 <- 'N.Fma(w2, z0, y20)
                y21 <- 'N.Fma(w2, z1, y21)
                y22 <- 'N.Fma(w2, z2, y22)
                y23 <- 'N.Fma(w2, z3, y23)
                let w3 = 'N.Fill('N.At(w, 7))
                y30 <- 'N.Fma(w3, z0, y30)
                y31 <- 'N.Fma(w3, z1, y31)
                y32 <- 'N.Fma(w3, z2, y32)
                y33 <- 'N.Fma(w3, z3, y33)
                let mj = 'N.Fill('N.At(m, 2))
                let z0 = 'N.Subtract('N.Load('N.At(column, 2 * 'N.Stride)), mj)
                let z1 = 'N.Subtract('N.Load('N.At(column, 2 * 'N.Stride + width)), mj)
                let z2 = 'N.Subtract('N.Load('N.At(column, 2 * 'N.Stride + 2 * width)), mj)
                let z3 = 'N.Subtract('N.Load('N.At(column, 2 * 'N.Stride + 3 * width)), mj)
                'N.Store(z0, 'N.At(zj, 8 * width))
                'N.Store(z1, 'N.At(zj, 9 * width))
                'N.Store(z2, 'N.At(zj, 10 * width))
                'N.Store(z3, 'N.At(zj, 11 * width))
                let w2 = 'N.Fill('N.At(w, 10))
                y20 <- 'N.Fma(w2, z0, y20)
                y21 <- 'N.Fma(w2, z1, y21)
                y22 <- 'N.Fma(w2, z2, y22)
                y23 <- 'N.Fma(w2, z3, y23)
                let w3 = 'N.Fill('N.At(w, 11))
                y30 <- 'N.Fma(w3, z0, y30)
                y31 <- 'N.Fma(w3, z1, y31)
                y32 <- 'N.Fma(w3, z2, y32)
                y33 <- 'N.Fma(w3, z3, y33)
                let mj = 'N.Fill('N.At(m, 3))
                let z0 = 'N.Subtract('N.Load('N.At(column, 3 * 'N.Stride)), mj)
                let z1 = 'N.Subtract('N.Load('N.At(column, 3 * 'N.Stride + width)), mj)
                let z2 = 'N.Subtract('N.Load('N.At(column, 3 * 'N.Stride + 2 * width)), mj)
                let z3 = 'N.Subtract('N.Load('N.At(column, 3 * 'N.Stride + 3 * width)), mj)
                'N.Store(z0, 'N.At(zj, 12 * width))
                'N.Store(z1, 'N.At(zj, 13 * width))
                'N.Store(z2, 'N.At(zj, 14 * width))
                'N.Store(z3, 'N.At(zj, 15 * width))
                let w3 = 'N.Fill('N.At(w, 15))
                y30 <- 'N.Fma(w3, z0, y30)
                y31 <- 'N.Fma(w3, z1, y31)
                y32 <- 'N.Fma(w3, z2, y32)
                y33 <- 'N.Fma(w3, z3, y33)
                w <- 'N.At(w, 16)
                m <- 'N.At(m, 4)
                column <- 'N.At(column, 4 * 'N.Stride)
                q0 <- 'N.Fma(y30, y30, 'N.Fma(y20, y20, 'N.Fma(y10, y10, 'N.Fma(y00, y00, q0))))
                q1 <- 'N.Fma(y31, y31, 'N.Fma(y21, y21, 'N.Fma(y11, y11, 'N.Fma(y01, y01, q1))))
                q2 <- 'N.Fma(y32, y32, 'N.Fma(y22, y22, 'N.Fma(y12, y12, 'N.Fma(y02, y02, q2))))
                q3 <- 'N.Fma(y33, y33, 'N.Fma(y23, y23, 'N.Fma(y13, y13, 'N.Fma(y03, y03, q3))))
                i <- i + 4

            if i < columns then
                let c0 = 'N.Fill('N.At(shifts, i))
                let c1 = 'N.Fill('N.At(shifts, i + 1))
                let mutable y00 = c0
                let mutable y01 = c0
                let mutable y02 = c0
                let mutable y03 = c0
                let mutable y10 = c1
                let mutable y11 = c1
                let mutable y12 = c1
                let mutable y13 = c1
                let mutable zj = z

                for _ in 0 .. i - 1 do
                    let z0 = 'N.Load zj
                    let z1 = 'N.Load('N.At(zj, width))
                    let z2 = 'N.Load('N.At(zj, 2 * width))
                    let z3 = 'N.Load('N.At(zj, 3 * width))
                    let w0 = 'N.Fill w
                    y00 <- 'N.Fma(w0, z0, y00)
                    y01 <- 'N.Fma(w0, z1, y01)
                    y02 <- 'N.Fma(w0, z2, y02)
                    y03 <- 'N.Fma(w0, z3, y03)
                    let w1 = 'N.Fill('N.At(w, 1))
                    y10 <- 'N.Fma(w1, z0, y10)
                    y11 <- 'N.Fma(w1, z1, y11)
                    y12 <- 'N.Fma(w1, z2, y12)
                    y13 <- 'N.Fma(w1, z3, y13)
                    w <- 'N.At(w, 2)
                    zj <- 'N.At(zj, 4 * width)

                let mj = 'N.Fill m
                let z0 = 'N.Subtract('N.Load column, mj)
                let z1 = 'N.Subtract('N.Load('N.At(column, width)), mj)
                let z2 = 'N.Subtract('N.Load('N.At(column, 2 * width)), mj)
                let z3 = 'N.Subtract('N.Load('N.At(column, 3 * width)), mj)
                let w0 = 'N.Fill w
                y00 <- 'N.Fma(w0, z0, y00)
                y01 <- 'N.Fma(w0, z1, y01)
                y02 <- 'N.Fma(w0, z2, y02)
                y03 <- 'N.Fma(w0, z3, y03)
                let w1 = 'N.Fill('N.At(w, 1))
                y10 <- 'N.Fma(w1, z0, y10)
                y11 <- 'N.Fma(w1, z1, y11)
                y12 <- 'N.Fma(w1, z2, y12)
                y13 <- 'N.Fma(w1, z3, y13)
                let mj = 'N.Fill('N.At(m, 1))
                let z0 = 'N.Subtract('N.Load('N.At(column, 'N.Stride)), mj)
                let z1 = 'N.Subtract('N.Load('N.At(column, 'N.Stride + width)), mj)
                let z2 = 'N.Subtract('N.Load('N.At(column, 'N.Stride + 2 * width)), mj)
                let z3 = 'N.Subtract('N.Load('N.At(column, 'N.Stride + 3 * width)), mj)
                let w1 = 'N.Fill('N.At(w, 3))
                y10 <- 'N.Fma(w1, z0, y10)
                y11 <- 'N.Fma(w1, z1, y11)
                y12 <- 'N.Fma(w1, z2, y12)
                y13 <- 'N.Fma(w1, z3, y13)
                q0 <- 'N.Fma(y10, y10, 'N.Fma(y00, y00, q0))
                q1 <- 'N.Fma(y11, y11, 'N.Fma(y01, y01, q1))
                q2 <- 'N.Fma(y12, y12, 'N.Fma(y02, y02, q2))
                q3 <- 'N.Fma(y13, y13, 'N.Fma(y03, y03, q3))

            let t = NativePtr.add target n
            'N.AddScaled(q0, q1, half, constant, t)
            'N.AddScaled(q2, q3, half, constant, NativePtr.add t (2 * width))
            n <- n + 4 * width

    /// Does what `addWhitenedByTwo` does, for two columns. It is short, so that the first fit of few features compiles
    /// sooner.
    let private addWhitenedPair<'N, 'V when 'N :> IVectors<'V>>
        (x: nativeint)
        (mean: nativeint)
        (factor: nativeint)
        (shifts: nativeint)
        half
        constant
        (target: nativeptr<float>)
        rows
        =
        let width = 'N.Width
        let m0, m1 = 'N.Fill mean, 'N.Fill('N.At(mean, 1))
        let s0, s1 = 'N.Fill shifts, 'N.Fill('N.At(shifts, 1))
        let w00, w10, w11 = 'N.Fill factor, 'N.Fill('N.At(factor, 1)), 'N.Fill('N.At(factor, 3))
        let mutable n = 0

        while n < rows do
            let inline squares n =
                let z0 = 'N.Subtract('N.Load('N.At(x, n)), m0)
                let z1 = 'N.Subtract('N.Load('N.At(x, 'N.Stride + n)), m1)
                let y0 = 'N.Fma(w00, z0, s0)
                let y1 = 'N.Fma(w11, z1, 'N.Fma(w10, z0, s1))
                'N.Fma(y1, y1, 'N.Multiply(y0, y0))

            'N.AddScaled(squares n, squares (n + width), half, constant, NativePtr.add target n)
            n <- n + 2 * width

    /// Adds c + h‖W(x−m)+s‖² to target[n], for an even number of columns. h is −½ but for rounding; W is lower
    /// triangular and packed by `packTriangle`; `z` has room for 4 vectors of each column.
    let addWhitened<'N, 'V when 'N :> IVectors<'V>> x mean factor shifts columns half constant z target rows =
        if columns = 2 then
            addWhitenedPair<'N, 'V> x mean factor shifts half constant target rows
        elif 'N.Width = 'N.Lanes then
            addWhitenedByFour<'N, 'V> x mean factor shifts columns half constant z target rows
        else
            addWhitenedByTwo<'N, 'V> x mean factor shifts columns half constant z target rows

    /// Returns the number of numbers in a packed lower triangle of an even number of columns.
    let packedSize columns =
        let mutable total, i = 0, 0

        while i < columns do
            let group = min 4 (columns - i)
            total <- total + group * (i + group)
            i <- i + group

        total

    /// Packs a lower triangular D×D matrix for loops that take its rows four at a time, and two at the end: each group
    /// of rows column by column, with 0 above the diagonal and beyond D.
    let packTriangle<'N, 'V when 'N :> IVectors<'V>> (matrix: ReadOnlySpan<float>) dimension (target: nativeint) =
        let columns = Panel.even dimension
        let mutable next, i = target, 0

        while i < columns do
            let group = min 4 (columns - i)

            for j in 0 .. i + group - 1 do
                for m in i .. i + group - 1 do
                    let isInside = m < dimension && j <= m
                    'N.Put((if isInside then matrix[m * dimension + j] else 0.0), next)
                    next <- 'N.At(next, 1)

            i <- i + group

    /// Computes √r.
    let roots<'N, 'V when 'N :> IVectors<'V>> (r: nativeint) (target: nativeint) rows =
        let mutable n = 0

        while n < rows do
            'N.Store('N.Sqrt('N.Load('N.At(r, n))), 'N.At(target, n))
            n <- n + 'N.Width

    /// Returns the address of the roots of a component's responsibilities times weights, which it computes in `scratch`
    /// unless the panel has them in the place of the responsibilities.
    let rootsOf<'N, 'V when 'N :> IVectors<'V>> (panel: PanelState) (responsibilities: nativeint) (scratch: nativeint) =
        if panel.AreRoots then
            responsibilities
        else
            roots<'N, 'V> responsibilities scratch panel.Padded
            scratch

    /// Computes u = √r·(x − m), and adds Σₙ √r·u to sums (4×lanes), for 4 columns.
    let private weighFour<'N, 'V when 'N :> IVectors<'V>>
        (x: nativeint)
        (mean: nativeint)
        (roots: nativeint)
        (u: nativeint)
        (sums: nativeint)
        rows
        =
        let m0 = 'N.Fill mean
        let m1 = 'N.Fill('N.At(mean, 1))
        let m2 = 'N.Fill('N.At(mean, 2))
        let m3 = 'N.Fill('N.At(mean, 3))
        let mutable lane = 0

        while lane < 'N.Lanes do
            let sum = 'N.At(sums, lane)
            let mutable s0 = 'N.Load sum
            let mutable s1 = 'N.Load('N.At(sum, 'N.Lanes))
            let mutable s2 = 'N.Load('N.At(sum, 2 * 'N.Lanes))
            let mutable s3 = 'N.Load('N.At(sum, 3 * 'N.Lanes))
            let mutable column = 'N.At(x, lane)
            let mutable target = 'N.At(u, lane)
            let mutable n = lane

            while n < rows do
                let root = 'N.Load('N.At(roots, n))
                let u0 = 'N.Multiply(root, 'N.Subtract('N.Load column, m0))
                let u1 = 'N.Multiply(root, 'N.Subtract('N.Load('N.At(column, 'N.Stride)), m1))
                let u2 = 'N.Multiply(root, 'N.Subtract('N.Load('N.At(column, 2 * 'N.Stride)), m2))
                let u3 = 'N.Multiply(root, 'N.Subtract('N.Load('N.At(column, 3 * 'N.Stride)), m3))
                'N.Store(u0, target)
                'N.Store(u1, 'N.At(target, 'N.Stride))
                'N.Store(u2, 'N.At(target, 2 * 'N.Stride))
                'N.Store(u3, 'N.At(target, 3 * 'N.Stride))
                s0 <- 'N.Fma(root, u0, s0)
                s1 <- 'N.Fma(root, u1, s1)
                s2 <- 'N.Fma(root, u2, s2)
                s3 <- 'N.Fma(root, u3, s3)
                column <- 'N.At(column, 'N.Lanes)
                target <- 'N.At(target, 'N.Lanes)
                n <- n + 'N.Lanes

            'N.Store(s0, sum)
            'N.Store(s1, 'N.At(sum, 'N.Lanes))
            'N.Store(s2, 'N.At(sum, 2 * 'N.Lanes))
            'N.Store(s3, 'N.At(sum, 3 * 'N.Lanes))
            lane <- lane + 'N.Width

    /// Computes u = √r·(x − m) as `weighFour` does, for 2 columns.
    let private weighTwo<'N, 'V when 'N :> IVectors<'V>>
        (x: nativeint)
        (mean: nativeint)
        (roots: nativeint)
        (u: nativeint)
        (sums: nativeint)
        rows
        =
        let m0 = 'N.Fill mean
        let m1 = 'N.Fill('N.At(mean, 1))
        let mutable lane = 0

        while lane < 'N.Lanes do
            let sum = 'N.At(sums, lane)
            let mutable s0 = 'N.Load sum
            let mutable s1 = 'N.Load('N.At(sum, 'N.Lanes))
            let mutable column = 'N.At(x, lane)
            let mutable target = 'N.At(u, lane)
            let mutable n = lane

            while n < rows do
                let root = 'N.Load('N.At(roots, n))
                let u0 = 'N.Multiply(root, 'N.Subtract('N.Load column, m0))
                let u1 = 'N.Multiply(root, 'N.Subtract('N.Load('N.At(column, 'N.Stride)), m1))
                'N.Store(u0, target)
                'N.Store(u1, 'N.At(target, 'N.Stride))
                s0 <- 'N.Fma(root, u0, s0)
                s1 <- 'N.Fma(root, u1, s1)
                column <- 'N.At(column, 'N.Lanes)
                target <- 'N.At(target, 'N.Lanes)
                n <- n + 'N.Lanes

            'N.Store(s0, sum)
            'N.Store(s1, 'N.At(sum, 'N.Lanes))
            lane <- lane + 'N.Width

    /// Computes u = √r·(x − m), and adds Σₙ √r·u to the sums of the columns, whose number is even.
    let weigh<'N, 'V when 'N :> IVectors<'V>>
        (x: nativeint)
        (mean: nativeint)
        columns
        (roots: nativeint)
        (u: nativeint)
        (sums: nativeint)
        rows
        =
        let mutable j = 0

        while j < columns do
            let x, u = 'N.At(x, j * 'N.Stride), 'N.At(u, j * 'N.Stride)
            let mean, sums = 'N.At(mean, j), 'N.At(sums, j * 'N.Lanes)

            if j + 4 <= columns then
                weighFour<'N, 'V> x mean roots u sums rows
                j <- j + 4
            else
                weighTwo<'N, 'V> x mean roots u sums rows
                j <- j + 2
