using System.Text.Json;
using OfflineRL.Datasets;
using OfflineRL.Train.WorldModels;

namespace OfflineRL.Tests.Train.WorldModels;

public sealed class CmaEsTests
{
    [Fact]
    public void Table1_ByHand()
    {
        Assert.Equal(4, CmaEs.DefaultPopulation(1));
        Assert.Equal(10, CmaEs.DefaultPopulation(10));
        Assert.Equal(17, CmaEs.DefaultPopulation(100));
    }

    // n 1, lambda 4: w' = ln 2.5 - ln i for i of 1, 2; the mean moves by their weighted mean.
    [Fact]
    public void Tell_OfOneCoordinate_MovesTheMeanByHand()
    {
        var search = new CmaEs([2], 0.5, 4);
        var candidates = search.Ask([[1.0], [-2], [3], [0.5]]);
        Assert.Equal([2.5, 1, 3.5, 2.25], candidates.Select(row => row[0]));
        search.Tell([3, 1, 4, 2]);
        var (first, second) = (Math.Log(2.5), Math.Log(2.5) - Math.Log(2));
        Assert.Equal(2 + (0.5 * ((first * -2) + (second * 0.5)) / (first + second)), search.Mean[0], 1e-12);
    }

    [Fact]
    public void Generations_EqualThoseOfTheTutorialInNumPy()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(Checkout.Root, "tests", "golden", "cma_es", "cma_es.json")));
        var root = golden.RootElement;
        var (rotation, scales) = (Matrix(root.GetProperty("rotation")), Vector(root.GetProperty("scales")));
        var search = new CmaEs(Vector(root.GetProperty("m")), root.GetProperty("sigma").GetDouble(), 9);
        var generations = root.GetProperty("generations").EnumerateArray().ToList();
        Assert.True(generations.Count >= 8);
        // Both branches of the path's condition are met.
        Assert.Contains(generations, g => g.GetProperty("h").GetDouble() == 0);
        Assert.Contains(generations, g => g.GetProperty("h").GetDouble() == 1);
        foreach (var generation in generations)
        {
            var candidates = search.Ask(Matrix(generation.GetProperty("z")));
            AssertClose(Matrix(generation.GetProperty("x")).SelectMany(row => row), candidates.SelectMany(row => row));
            search.Tell(candidates.Select(x => Ellipsoid(x, rotation, scales)).ToArray());
            AssertClose(Vector(generation.GetProperty("m")), search.Mean.ToArray());
            AssertClose(Matrix(generation.GetProperty("c")).SelectMany(row => row), search.Covariance.Cast<double>());
            AssertClose([generation.GetProperty("sigma").GetDouble()], [search.Sigma]);
        }
    }

    [Theory]
    [InlineData("sphere", 10, 2000)]
    [InlineData("ellipsoid", 6, 4000)]
    [InlineData("rosenbrock", 6, 8000)]
    public void Search_ReachesTheOptimum(string function, int n, int evaluations)
    {
        // Known optima: 0 at 0, 0 at 0 however it is turned, 0 at (1, ..., 1).
        var f = Function(function, n, seed: 1);
        var search = new CmaEs(Enumerable.Repeat(2.0, n).ToArray(), 0.5);
        Assert.True(f(search.Mean.ToArray()) > 1);
        Run(search, f, evaluations / search.Population, RandomStream.Create(3, "cma"));
        Assert.InRange(f(search.Mean.ToArray()), 0, 1e-9);
        if (function == "rosenbrock")
            Assert.All(search.Mean.ToArray(), x => Assert.Equal(1, x, 1e-4));
    }

    // Adaptation is what turning the axes by 10^6 asks for: without it the same evaluations do not get there.
    [Fact]
    public void Covariance_LearnsTheShapeOfTheFunction()
    {
        var (n, scales) = (4, new[] { 1.0, 10, 100, 1000 });
        var search = new CmaEs(Enumerable.Repeat(1.0, n).ToArray(), 0.5);
        Run(search, x => x.Select((v, d) => scales[d] * v * v).Sum(), 150, RandomStream.Create(3, "cma"));
        // C goes to the inverse Hessian times a number: variances fall as 1/scale.
        for (var d = 1; d < n; d++)
            Assert.InRange(search.Covariance[0, 0] / search.Covariance[d, d] / scales[d], 0.3, 3);
    }

    [Fact]
    public void Search_OfAMovedFunction_IsTheSearchMoved()
    {
        double[] moved = [4, -8, 0.5];
        var f = Function("ellipsoid", 3, seed: 2);
        var (plain, other) = (new CmaEs([1, 1, 1], 0.5), new CmaEs([1 + moved[0], 1 + moved[1], 1 + moved[2]], 0.5));
        Run(plain, f, 40, RandomStream.Create(5, "cma"));
        Run(other, x => f([.. x.Select((v, d) => v - moved[d])]), 40, RandomStream.Create(5, "cma"));
        for (var d = 0; d < 3; d++)
            Assert.Equal(plain.Mean[d], other.Mean[d] - moved[d], 1e-6);
        Assert.Equal(plain.Sigma, other.Sigma, 1e-6);
    }

    [Fact]
    public void Search_DependsOnTheOrderOfValuesAlone()
    {
        var f = Function("rosenbrock", 4, seed: 0);
        var (plain, other) = (new CmaEs(new double[4], 0.5), new CmaEs(new double[4], 0.5));
        Run(plain, f, 30, RandomStream.Create(5, "cma"));
        Run(other, x => Math.Log(1 + (7 * f(x))) - 100, 30, RandomStream.Create(5, "cma"));
        Assert.Equal(plain.GetState(), other.GetState());
    }

    // Turned, the axis-parallel ellipsoid takes as many generations as before, within chance.
    [Fact]
    public void Search_OfATurnedFunction_TakesAsLong()
    {
        var axes = Enumerable.Range(0, 8).Select(seed => (double)Generations(Function("axes", 5, 0), 5, (ulong)seed)).Average();
        var turned = Enumerable.Range(0, 8).Select(seed => (double)Generations(Function("ellipsoid", 5, 4 + (ulong)seed), 5, (ulong)(seed + 50))).Average();
        Assert.InRange(turned / axes, 0.8, 1.25);
    }

    [Fact]
    public void State_GoesOnBitForBit()
    {
        var f = Function("rosenbrock", 5, seed: 0);
        var (whole, first, second) = (new CmaEs(new double[5], 0.5), new CmaEs(new double[5], 0.5), new CmaEs([9, 9, 9, 9, 9], 3));
        var stream = RandomStream.Create(9, "cma");
        Run(whole, f, 37, stream);
        stream = RandomStream.Create(9, "cma");
        Run(first, f, 18, stream);
        second.SetState(first.GetState());
        Run(second, f, 19, stream);
        Assert.Equal(whole.GetState(), second.GetState());
        Assert.Contains("expected 67 for 5 coordinates", Assert.Throws<ArgumentException>(() => second.SetState(new double[3])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tell_OfWhatIsNotANumber_IsTheWorst()
    {
        var (plain, other) = (new CmaEs([2], 0.5, 4), new CmaEs([2], 0.5, 4));
        foreach (var (search, worst) in new[] { (plain, 9.0), (other, double.NaN) })
        {
            search.Ask([[1.0], [-2], [3], [0.5]]);
            search.Tell([3, 1, worst, 2]);
        }

        Assert.Equal(plain.GetState(), other.GetState());
        Assert.Throws<ArgumentException>(() => plain.Tell([1, 2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CmaEs([1], 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CmaEs([1], 1, 3));
    }

    static int Generations(Func<double[], double> f, int n, ulong seed)
    {
        var search = new CmaEs(Enumerable.Repeat(1.0, n).ToArray(), 0.5);
        var random = RandomStream.Create(seed, "cma");
        while (f(search.Mean.ToArray()) > 1e-8 && search.Generation < 5000)
            Run(search, f, 1, random);
        return (int)search.Generation;
    }

    static void Run(CmaEs search, Func<double[], double> f, int generations, RandomStream random)
    {
        for (var i = 0; i < generations; i++)
            search.Tell(search.Ask(random).Select(f).ToArray());
    }

    static Func<double[], double> Function(string name, int n, ulong seed)
    {
        var scales = Enumerable.Range(0, n).Select(d => Math.Pow(10, 3.0 * d / (n - 1))).ToArray();
        var rotation = Rotation(n, seed);
        return name switch
        {
            "sphere" => x => x.Sum(v => v * v),
            "axes" => x => x.Select((v, d) => scales[d] * v * v).Sum(),
            "ellipsoid" => x => Ellipsoid(x, rotation, scales),
            _ => x => Enumerable.Range(0, n - 1).Sum(d => (100 * Math.Pow(x[d + 1] - (x[d] * x[d]), 2)) + Math.Pow(1 - x[d], 2)),
        };
    }

    // Gram and Schmidt on normal rows.
    static double[][] Rotation(int n, ulong seed)
    {
        var random = RandomStream.Create(seed, "rotation");
        var rows = Enumerable.Range(0, n).Select(_ => Enumerable.Range(0, n).Select(_ => random.NextGaussian()).ToArray()).ToArray();
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < i; j++)
            {
                var dot = rows[i].Zip(rows[j], (a, b) => a * b).Sum();
                rows[i] = [.. rows[i].Zip(rows[j], (a, b) => a - (dot * b))];
            }

            var length = Math.Sqrt(rows[i].Sum(v => v * v));
            rows[i] = [.. rows[i].Select(v => v / length)];
        }

        return rows;
    }

    static double Ellipsoid(double[] x, double[][] rotation, double[] scales) =>
        rotation.Select((row, d) => scales[d] * Math.Pow(row.Zip(x, (a, b) => a * b).Sum(), 2)).Sum();

    static void AssertClose(IEnumerable<double> expected, IEnumerable<double> actual)
    {
        foreach (var (e, a) in expected.Zip(actual, (e, a) => (e, a)))
            Assert.Equal(e, a, 1e-9 * Math.Max(1, Math.Abs(e)));
    }

    static double[] Vector(JsonElement values) => [.. values.EnumerateArray().Select(v => v.GetDouble())];

    static double[][] Matrix(JsonElement values) => [.. values.EnumerateArray().Select(Vector)];
}
