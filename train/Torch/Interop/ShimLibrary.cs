using System.Reflection;
using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>
/// Finds libofflinerl_torch.so: OFFLINERL_TORCH_SHIM, then beside the program, then the nearest <c>.artifacts/native</c>
/// above it. The shim names libtorch itself, by its own search path.
/// </summary>
static class ShimLibrary
{
    internal const string Name = "offlinerl_torch";
    const string FileName = "libofflinerl_torch.so";

    // Of what the shim exports: raised there and here whenever that changes.
    const int Interface = 5;
    static readonly Lock Gate = new();
    static IntPtr _library;

    internal static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == Name ? Load() : IntPtr.Zero;

    static IntPtr Load()
    {
        lock (Gate)
        {
            if (_library == IntPtr.Zero)
            {
                var file = Locate();
                var library = LoadFrom(file);
                RequireInterface(library, file);
                UseOneThread(library);
                _library = library;
            }
            return _library;
        }
    }

    // libtorch and OpenBLAS would take every core each, in two pools that fight: on two cores two threads were 2 to 7 times
    // slower than one for the networks of this library. OMP_NUM_THREADS and TorchExtras.Threads ask for more.
    static unsafe void UseOneThread(IntPtr library)
    {
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OMP_NUM_THREADS"))) return;
        ((delegate* unmanaged<int, int>)NativeLibrary.GetExport(library, "ofl_set_threads"))(1);
    }

    static unsafe void RequireInterface(IntPtr library, string file)
    {
        var found = NativeLibrary.TryGetExport(library, "ofl_interface", out var function) ? ((delegate* unmanaged<int>)function)() : 1;
        if (found != Interface) throw TorchThrow.LibraryOfAnotherBuild(file, found, Interface);
    }

    static IntPtr LoadFrom(string file)
    {
        try
        {
            return NativeLibrary.Load(file);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw TorchThrow.LibraryDoesNotLoad(file, e);
        }
    }

    static string Locate()
    {
        var named = Environment.GetEnvironmentVariable("OFFLINERL_TORCH_SHIM");
        if (!string.IsNullOrEmpty(named)) return File.Exists(named) ? named : throw TorchThrow.NamedLibraryMissing(named);
        var beside = Path.Combine(AppContext.BaseDirectory, FileName);
        if (File.Exists(beside)) return beside;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var built = Path.Combine(folder.FullName, ".artifacts", "native", FileName);
            if (File.Exists(built)) return built;
        }
        throw TorchThrow.LibraryMissing(AppContext.BaseDirectory);
    }
}
