namespace OfflineRL.Benchmarks.Harness;

/// <summary>One thing measured, as ratios to a named rival or to a physical floor in the same run.</summary>
interface IBenchmark
{
    /// <summary>What the command line calls it.</summary>
    string Name { get; }

    /// <summary>One line that names the work.</summary>
    string Work { get; }

    /// <summary>Measures and adds rows.</summary>
    void Run(BenchmarkReport report);
}
