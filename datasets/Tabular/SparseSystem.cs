using MathNet.Numerics.LinearAlgebra.Double;
using MathNet.Numerics.LinearAlgebra.Double.Solvers;
using MathNet.Numerics.LinearAlgebra.Solvers;

namespace OfflineRL.Datasets;

/// <summary>A sparse square matrix M by rows, with the system (I - discount M) x = b that evaluating a policy is.</summary>
/// <param name="Size">n.</param>
/// <param name="Discount">0 to 1.</param>
/// <param name="Offsets">[n + 1].</param>
/// <param name="Columns">[N].</param>
/// <param name="Values">[N], not negative; no row sums to more than 1.</param>
sealed record SparseSystem(int Size, double Discount, int[] Offsets, int[] Columns, double[] Values)
{
    /// <summary>The method that a solution comes from.</summary>
    public const string Lu = "lu", BiCgStab = "bicgstab", GaussSeidel = "gauss-seidel";

    // A dense factorization of 2,000 states takes 32 MB and a few seconds.
    public const int MostDense = 2000;
    const double Tolerance = 1e-12;
    const int MostIterations = 20_000;
    const int MostSweeps = 100_000;

    /// <summary>Solves for several right-hand sides.</summary>
    /// <param name="transposed">Solve (I - discount M^T) x = b instead.</param>
    /// <param name="rightHandSides">Each [n].</param>
    /// <returns>The solutions and the method that found them; its residual is for the caller to judge.</returns>
    public (double[][] Solutions, string Method) Solve(bool transposed, params double[][] rightHandSides)
    {
        if (Size == 0)
            return ([.. rightHandSides.Select(_ => Array.Empty<double>())], Lu);
        var system = transposed ? Transpose() : this;
        if (Size <= MostDense)
            return (system.SolveDense(rightHandSides), Lu);
        var solutions = new double[rightHandSides.Length][];
        var method = BiCgStab;
        for (var i = 0; i < solutions.Length; i++)
        {
            solutions[i] = system.SolveBiCgStab(rightHandSides[i]);
            if (system.Residual(solutions[i], rightHandSides[i]) <= Limit(rightHandSides[i], solutions[i]))
                continue;
            method = GaussSeidel;
            solutions[i] = system.SolveGaussSeidel(rightHandSides[i], solutions[i]);
        }

        return (solutions, method);
    }

    /// <summary>The greatest component of b - (I - discount M) x.</summary>
    public double Residual(double[] x, double[] b)
    {
        var worst = 0.0;
        for (var i = 0; i < Size; i++)
        {
            var off = Math.Abs(b[i] + (Discount * Dot(i, x)) - x[i]);
            // A NaN is the worst of all.
            if (!(off <= worst))
                worst = off;
        }

        return worst;
    }

    /// <summary>What a residual may be for a solution to be taken.</summary>
    public static double Limit(double[] b, double[] x) => 1e-9 * (1 + Greatest(b) + (1e-3 * Greatest(x)));

    double[][] SolveDense(double[][] rightHandSides)
    {
        var matrix = DenseMatrix.CreateIdentity(Size);
        for (var i = 0; i < Size; i++)
        {
            for (var k = Offsets[i]; k < Offsets[i + 1]; k++)
                matrix.At(i, Columns[k], matrix.At(i, Columns[k]) - (Discount * Values[k]));
        }

        var solution = matrix.LU().Solve(DenseMatrix.OfColumnArrays(rightHandSides));
        return solution.ToColumnArrays();
    }

    double[] SolveBiCgStab(double[] b)
    {
        if (Greatest(b) == 0)
            return new double[Size];
        var matrix = SparseMatrix.OfIndexed(Size, Size, Entries());
        var x = new DenseVector(Size);
        var iterator = new Iterator<double>(
            new IterationCountStopCriterion<double>(MostIterations),
            new ResidualStopCriterion<double>(Tolerance),
            new FailureStopCriterion<double>());
        try
        {
            new MathNet.Numerics.LinearAlgebra.Double.Solvers.BiCgStab().Solve(matrix, DenseVector.Build.Dense(b), x, iterator, new DiagonalPreconditioner());
        }
        catch (Exception e) when (e is MathNet.Numerics.NumericalBreakdownException or ArithmeticException)
        {
            // What it reached may still be a good start for the sweeps.
        }

        return Array.TrueForAll(x.Values, double.IsFinite) ? x.Values : new double[Size];
    }

    double[] SolveGaussSeidel(double[] b, double[] x)
    {
        for (var sweep = 0; sweep < MostSweeps; sweep++)
        {
            var change = 0.0;
            for (var i = 0; i < Size; i++)
            {
                var (sum, diagonal) = (b[i], 1.0);
                for (var k = Offsets[i]; k < Offsets[i + 1]; k++)
                {
                    if (Columns[k] == i)
                        diagonal -= Discount * Values[k];
                    else
                        sum += Discount * Values[k] * x[Columns[k]];
                }

                var next = sum / diagonal;
                change = Math.Max(change, Math.Abs(next - x[i]));
                x[i] = next;
            }

            if (change <= Tolerance * (1 + Greatest(x)))
                break;
        }

        return x;
    }

    IEnumerable<(int Row, int Column, double Value)> Entries()
    {
        for (var i = 0; i < Size; i++)
        {
            var diagonal = 1.0;
            for (var k = Offsets[i]; k < Offsets[i + 1]; k++)
            {
                if (Columns[k] == i)
                    diagonal -= Discount * Values[k];
                else
                    yield return (i, Columns[k], -Discount * Values[k]);
            }

            yield return (i, i, diagonal);
        }
    }

    SparseSystem Transpose()
    {
        var offsets = new int[Size + 1];
        foreach (var column in Columns)
            offsets[column + 1]++;
        for (var i = 0; i < Size; i++)
            offsets[i + 1] += offsets[i];
        var filled = offsets.AsSpan(0, Size).ToArray();
        var (columns, values) = (new int[Columns.Length], new double[Values.Length]);
        for (var i = 0; i < Size; i++)
        {
            for (var k = Offsets[i]; k < Offsets[i + 1]; k++)
            {
                var at = filled[Columns[k]]++;
                (columns[at], values[at]) = (i, Values[k]);
            }
        }

        return new SparseSystem(Size, Discount, offsets, columns, values);
    }

    double Dot(int row, double[] x)
    {
        var sum = 0.0;
        for (var k = Offsets[row]; k < Offsets[row + 1]; k++)
            sum += Values[k] * x[Columns[k]];
        return sum;
    }

    static double Greatest(double[] values)
    {
        var greatest = 0.0;
        foreach (var value in values)
            greatest = Math.Max(greatest, Math.Abs(value));
        return greatest;
    }
}
