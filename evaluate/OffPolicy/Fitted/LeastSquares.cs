using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;

namespace OfflineRL.Evaluate;

/// <summary>The sums of a linear system (sum phi (phi - discount psi)^T + ridge n I) w = sum phi y, and its solution.</summary>
sealed class LeastSquares(int size)
{
    readonly double[] _matrix = new double[size * size];
    readonly double[] _right = new double[size];

    /// <summary>n: rows added.</summary>
    public int Rows { get; private set; }

    /// <summary>Adds a row.</summary>
    /// <param name="phi">[d].</param>
    /// <param name="psi">[d].</param>
    /// <param name="discount">Of psi; 0: an ordinary regression.</param>
    /// <param name="y">Its right-hand side.</param>
    public void Add(ReadOnlySpan<double> phi, ReadOnlySpan<double> psi, double discount, double y)
    {
        Rows++;
        for (var i = 0; i < phi.Length; i++)
        {
            // Most features of discrete actions are 0.
            if (phi[i] == 0)
                continue;
            _right[i] += phi[i] * y;
            var row = _matrix.AsSpan(i * size, size);
            for (var j = 0; j < row.Length; j++)
                row[j] += phi[i] * (phi[j] - (discount * psi[j]));
        }
    }

    /// <summary>w: [d].</summary>
    /// <param name="ridge">Of n; not negative.</param>
    /// <exception cref="OfflineRL.Datasets.UserErrorException">The system is singular.</exception>
    // MathNet stores columns one after the other, so what lies here is the transpose to it.
    public double[] Solve(double ridge) => Solution(Matrix(ridge).Transpose(), _right);

    /// <summary>x: [d], of the transposed matrix and another right-hand side.</summary>
    /// <param name="ridge">Of n; not negative.</param>
    /// <param name="right">[d].</param>
    /// <exception cref="OfflineRL.Datasets.UserErrorException">The system is singular.</exception>
    public double[] SolveTransposed(double ridge, double[] right) => Solution(Matrix(ridge), right);

    DenseMatrix Matrix(double ridge)
    {
        var matrix = new DenseMatrix(size, size, (double[])_matrix.Clone());
        for (var i = 0; i < size; i++)
            matrix[i, i] += ridge * Rows;
        return matrix;
    }

    static double[] Solution(Matrix<double> matrix, double[] right)
    {
        var solution = matrix.LU().Solve(DenseVector.Build.Dense(right)).ToArray();
        return Array.TrueForAll(solution, double.IsFinite) ? solution : throw EvaluateThrow.LinearIsSingular();
    }
}
