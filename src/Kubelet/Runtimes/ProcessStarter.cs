using System.Runtime.InteropServices;
using System.Text;
using Dataplane.Linux.Cgroups;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>Starts containers of the process runtime, and takes up those that an earlier agent has started.</summary>
internal sealed class ProcessStarter(PodDirectories directories, ProcessMonitor monitor, TimeProvider time, ContainerLogOptions logs)
{
    // Places among the descriptors that are kept; with a terminal its master takes the place of the streams.
    private const int ProcessPlace = 0;
    private const int OutputPlace = 1;
    private const int ErrorPlace = 2;
    private const int InputPlace = 3;

    internal TimeProvider Time => time;

    internal async Task<ProcessContainer> StartAsync(ProcessSandbox sandbox, ContainerRequest request)
    {
        var program = ProcessPlans.Program(request);
        if (program.Arguments.Count == 0)
        {
            throw new ContainerStartException($"failed to generate container \"{request.Name}\" spec: no command specified");
        }

        var credentials = ProcessPlans.Credentials(request);
        var cgroup = ProcessPlans.MakeCgroup(request);
        var log = new ContainerLog(request.LogPath, time, logs);
        try
        {
            var plan = ProcessPlans.Container(request, sandbox, directories) with { Program = program, Credentials = credentials, Cgroup = cgroup };
            var record = new ContainerRecord
            {
                Id = Guid.NewGuid().ToString("N") + Guid.NewGuid().ToString("N"),
                Process = "",
                Keeper = "",
                StartedAt = default,
                LogPath = request.LogPath,
                Program = program,
                Credentials = credentials,
                Cgroup = cgroup.Path,
                Terminal = request.Terminal,
                Input = request.Input,
                InputOnce = request.InputOnce,
            };
            var path = directories.ContainerRecord(request.Pod.Uid, request.Name, request.Attempt);
            return await ProcessRuntime.OffPoolAsync(() => request.Terminal
                ? StartOnTerminal(request.Pod.Uid, plan, record, path, log)
                : StartOnPipes(request.Pod.Uid, plan, record, path, log));
        }
        catch
        {
            log.Dispose();
            cgroup.Remove();
            throw;
        }
    }

    /// <summary>A container that was started before, from the descriptors that its keeper has. It may have ended.</summary>
    internal ProcessContainer Resume(ContainerRecord record, string path, ChildProcess process, ChildProcess keeper)
    {
        var log = new ContainerLog(record.LogPath, time, logs);
        return record.Terminal
            ? OnTerminal(Terminal.Resume(DescriptorKeeper.Take(keeper, OutputPlace)), process, keeper, record, path, log)
            : OnPipes(
                DescriptorKeeper.Take(keeper, OutputPlace), DescriptorKeeper.Take(keeper, ErrorPlace),
                record is { Input: true, InputOnce: false } ? DescriptorKeeper.Take(keeper, InputPlace) : null, process, keeper, record, path, log);
    }

    /// <summary>The process as its keeper knows it: also when it has ended and another has its number.</summary>
    internal static ChildProcess Kept(ChildProcess keeper, ContainerRecord record) =>
        ChildProcess.Adopt(DescriptorKeeper.Take(keeper, ProcessPlace), record.Process);

    /// <summary>Before anybody needs it: a killed agent's successor finds what to end.</summary>
    internal void Record(string uid, ChildProcess process)
    {
        Directory.CreateDirectory(directories.Pod(uid));
        File.AppendAllText(directories.Processes(uid), $"{ProcessIdentity.Of(process.Pid)}\n", Encoding.ASCII);
    }

    private ProcessContainer StartOnPipes(string uid, ContainerPlan plan, ContainerRecord record, string path, ContainerLog log)
    {
        using var input = record.Input ? Pipe.Create() : null;
        using var output = Pipe.Create();
        using var error = Pipe.Create();
        var process = ContainerLauncher.Start(plan, new ProgramStreams(input?.Reader, output.Writer, error.Writer));
        Record(uid, process);
        output.Writer.Dispose();
        error.Writer.Dispose();

        // An input that ends with its first client's must not be kept open by anybody else; with the agent it ends too.
        SafeHandle[] streams = input is null || record.InputOnce ? [output.Reader, error.Reader] : [output.Reader, error.Reader, input.Writer];
        var (keeper, complete) = Keep(uid, process, streams, record, path);
        return OnPipes(output.TakeReader(), error.TakeReader(), input?.TakeWriter(), process, keeper, complete, path, log);
    }

    private ProcessContainer StartOnTerminal(string uid, ContainerPlan plan, ContainerRecord record, string path, ContainerLog log)
    {
        var (process, terminal) = ContainerLauncher.StartOnTerminal(plan);
        Record(uid, process);
        var (keeper, complete) = Keep(uid, process, [terminal.Master], record, path);
        return OnTerminal(terminal, process, keeper, complete, path, log);
    }

    private (ChildProcess Keeper, ContainerRecord Record) Keep(string uid, ChildProcess process, SafeHandle[] streams, ContainerRecord record, string path)
    {
        var keeper = DescriptorKeeper.Start([process.Handle, .. streams]);
        Record(uid, keeper);
        var complete = record with
        {
            Process = $"{ProcessIdentity.Of(process.Pid)}",
            Keeper = $"{ProcessIdentity.Of(keeper.Pid)}",
            StartedAt = time.GetUtcNow(),
        };
        complete.Write(path);
        return (keeper, complete);
    }

    private ProcessContainer OnPipes(
        Microsoft.Win32.SafeHandles.SafeFileHandle output, Microsoft.Win32.SafeHandles.SafeFileHandle error, Microsoft.Win32.SafeHandles.SafeFileHandle? input,
        ChildProcess process, ChildProcess keeper, ContainerRecord record, string path, ContainerLog log)
    {
        var console = new ContainerConsole(log)
        {
            Input = input is null ? null : DescriptorStream.Writing(input, monitor),
            InputOnce = record.InputOnce,
        };
        var written = Task.WhenAll(monitor.ReadAsync(output, console.Output), monitor.ReadAsync(error, console.Error));
        return Container(process, keeper, record, path, log, console, written);
    }

    private ProcessContainer OnTerminal(Terminal terminal, ChildProcess process, ChildProcess keeper, ContainerRecord record, string path, ContainerLog log)
    {
        var console = new ContainerConsole(log)
        {
            Input = record.Input ? DescriptorStream.Writing(terminal.Duplicate(), monitor) : null,
            InputOnce = record.InputOnce,
            Terminal = terminal,
        };
        return Container(process, keeper, record, path, log, console, monitor.ReadAsync(terminal.Duplicate(), console.Output));
    }

    private ProcessContainer Container(
        ChildProcess process, ChildProcess keeper, ContainerRecord record, string path, ContainerLog log, ContainerConsole console, Task written) => new(monitor, time)
        {
            Record = record,
            RecordPath = path,
            Process = process,
            Keeper = keeper,
            Console = console,
            ContainerLog = log,
            Written = written,
            Cgroup = record.Cgroup is null ? null : Cgroup.At(CgroupHierarchy.OfThisMachine, record.Cgroup),
        };
}
