using OfflineRL.Benchmarks;
using OfflineRL.Benchmarks.Harness;

// A process of its own, which a benchmark starts under a memory limit.
if (args is [FramesBenchmark.ChildArgument, var columns, var seconds])
    return FramesBenchmark.Child(columns, double.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture));
if (args is [ImportFolder.ChildArgument, var what, var source, var root])
    return ImportFolder.Run(what, source, root);

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
    new ImportCsvBenchmark(),
    new ImportParquetBenchmark(),
    new OpenBenchmark(),
    new ColumnsBenchmark(),
    new SamplingBenchmark(),
    new FramesBenchmark(),
    new ExternalBenchmark(),
    new LoggerBenchmark(),
    new KillsBenchmark(),
];

return Runner.Run(benchmarks, args);
