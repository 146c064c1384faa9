using OfflineRL.Benchmarks;
using OfflineRL.Benchmarks.Fuzz;
using OfflineRL.Benchmarks.Harness;

// A process of its own, which a benchmark starts under a memory limit.
if (args is [FramesBenchmark.ChildArgument, var columns, var seconds])
    return FramesBenchmark.Child(columns, double.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture));
if (args is [ImportFolder.ChildArgument, var what, var source, var root])
    return ImportFolder.Run(what, source, root);

if (args is [FuzzChild.Argument, var folder, var format, var first, var end])
    return FuzzChild.Run(folder, format, int.Parse(first, System.Globalization.CultureInfo.InvariantCulture), int.Parse(end, System.Globalization.CultureInfo.InvariantCulture));

// Each benchmark is one file beside this one, listed here.
IBenchmark[] benchmarks =
[
    new OperatorCallBenchmark(),
    new DqnUpdateBenchmark(),
    new EnvironmentsBenchmark(),
    new PixelsBenchmark(),
    new MujocoBenchmark(),
    new TabularBenchmark(),
    new DqnBenchmark(),
    new LearnersBenchmark(),
    new WorldModelBenchmark(),
    new GradientsBenchmark(),
    new ImportanceBenchmark(),
    new DreamerBenchmark(),
    new GraphBenchmark(),
    new ImportCsvBenchmark(),
    new ImportParquetBenchmark(),
    new OpenBenchmark(),
    new ColumnsBenchmark(),
    new SamplingBenchmark(),
    new FramesBenchmark(),
    new ExternalBenchmark(),
    new LoggerBenchmark(),
    new KillsBenchmark(),
    new FuzzBenchmark(),
    new FittedCoverageBenchmark(),
    new FqeBenchmark(),
    new StatisticsBenchmark(),
    new OpeBenchmark(),
    new OpeCoverageBenchmark(),
    new RolloutBenchmark(),
];

return Runner.Run(benchmarks, args);
