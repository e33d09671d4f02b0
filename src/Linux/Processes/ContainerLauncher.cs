using Dataplane.Linux.Interop;
using Dataplane.Linux.Mounts;

namespace Dataplane.Linux.Processes;

/// <summary>
/// Starts a container as PID 1 of its own PID namespace, with its own mount namespace and root, without a helper program.
/// Two threads of this process do it, since namespaces and the root directory belong to a thread:
/// <code>
/// spawner                                  companion
/// unshare mount namespace, join the pod's
/// build the root filesystem
/// unshare PID namespace, posix_spawn
///   child stops at the gate     -meet->    join the spawner's mount namespace
///                                          mount /proc of the child's PID namespace
///                                          pivot_root (moves the child's root too)
///   child executes the program  &lt;-open-    release
/// </code>
/// The reason: a proc file system shows the PID namespace of the process that mounts it, and that namespace exists only
/// once its PID 1 does. Why not otherwise: docs/decisions.
/// </summary>
public static class ContainerLauncher
{
    private const int EnterAll = Libc.CLONE_NEWNS | Libc.CLONE_NEWUTS | Libc.CLONE_NEWIPC | Libc.CLONE_NEWNET;

    static ContainerLauncher() => SpawnRequest.Prepare();

    /// <summary>Starts the container's program; returns once it has been executed. Blocks for some milliseconds.</summary>
    /// <exception cref="ProgramStartException">The program cannot be found or executed.</exception>
    /// <exception cref="LinuxException">A namespace or mount failed.</exception>
    public static ChildProcess Start(ContainerPlan plan, ProgramStreams streams) =>
        Start(plan, user => streams.GiveTo(user), request => request.Streams(streams));

    /// <summary>Starts the container's program on a terminal of its own, which is its /dev/console too.</summary>
    /// <inheritdoc cref="Start(ContainerPlan, ProgramStreams)"/>
    public static (ChildProcess Process, Terminal Terminal) StartOnTerminal(ContainerPlan plan) => OnTerminal(
        (open, streams) => Start(plan, user => ContainerRoot.MountConsole(open(user)), streams));

    /// <summary>Runs a program inside a running container: all its namespaces and its root.</summary>
    /// <inheritdoc cref="Start(ContainerPlan, ProgramStreams)"/>
    public static ChildProcess Execute(ChildProcess container, ProgramPlan program, ProgramStreams streams, ProcessCredentials? credentials = null) =>
        Execute(container, program, credentials ?? ProcessCredentials.Unconfined, user => streams.GiveTo(user), request => request.Streams(streams));

    /// <summary>Runs a program inside a running container on a new terminal of the container.</summary>
    /// <inheritdoc cref="Start(ContainerPlan, ProgramStreams)"/>
    public static (ChildProcess Process, Terminal Terminal) ExecuteOnTerminal(
        ChildProcess container, ProgramPlan program, ProcessCredentials? credentials = null) => OnTerminal(
            (open, streams) => Execute(container, program, credentials ?? ProcessCredentials.Unconfined, user => open(user), streams));

    private static (ChildProcess Process, Terminal Terminal) OnTerminal(
        Func<Func<UserLookup, Terminal>, Action<SpawnRequest>, ChildProcess> launch)
    {
        Terminal? terminal = null;
        try
        {
            return (launch(user => terminal = Terminal.Open(user.User), request => request.TerminalStreams(terminal!)), terminal!);
        }
        catch
        {
            terminal?.Dispose();
            throw;
        }
    }

    /// <param name="plan">The container.</param>
    /// <param name="inside">Runs with the container's root as the root directory.</param>
    /// <param name="streams">Says what the program's standard streams are, after that.</param>
    private static ChildProcess Start(ContainerPlan plan, Action<UserLookup> inside, Action<SpawnRequest> streams)
    {
        using var gate = new SpawnGate(plan.Root.Scratch + ".gate");
        using var request = new SpawnRequest();
        var (errno, spawnerThread, name) = (0, 0, plan.Program.Arguments[0]);
        using var joined = new Libc.HeldHandle((plan.Processes ?? plan.Sandbox).Descriptor);
        var processes = plan.MachineProcesses ? SpawnRequest.SameNamespace : plan.Processes is null ? SpawnRequest.NewNamespace : joined.Value;
        var spawner = NamespacedThread.Start("dp-spawner", () =>
        {
            spawnerThread = Libc.gettid();
            var (program, user) = Prepare(plan, inside);
            gate.AddTo(request);
            request.ChangeDirectory(plan.Program.WorkingDirectory);
            request.Program(program, plan.Program.Arguments, AtHome(plan.Program.Environment, user));
            streams(request);
            CredentialCalls.AddTo(request, plan.Credentials, user);
            errno = request.RunInPidNamespace(processes);
        });
        var companion = NamespacedThread.Start("dp-companion", () =>
        {
            if (gate.WaitForChild())
            {
                RootCompanion.Finish(gate, plan, spawnerThread);
            }
        });

        try
        {
            spawner.Join();
        }
        finally
        {
            if (request.Pid == 0)
            {
                gate.Abandon();
            }

            companion.Join();
        }

        return Opened(request, errno, name);
    }

    private static ChildProcess Execute(
        ChildProcess container, ProgramPlan program, ProcessCredentials credentials, Action<UserLookup> inside, Action<SpawnRequest> streams)
    {
        using var request = new SpawnRequest();
        using var held = new Libc.HeldHandle(container.Descriptor);
        var (errno, descriptor) = (0, held.Value);
        NamespacedThread.Start("dp-exec", () =>
        {
            LinuxException.Check(Libc.unshare(Libc.CLONE_FS), "unshare root directory");
            LinuxException.Check(Libc.setns(container.Descriptor, EnterAll), $"enter the container of process {container.Pid}");
            var user = UserLookup.Of(credentials);
            inside(user);
            var path = ProgramPath.Resolve(program);
            request.Program(path, program.Arguments, AtHome(program.Environment, user));
            request.ChangeDirectory(program.WorkingDirectory);
            streams(request);
            CredentialCalls.AddTo(request, credentials, user);
            errno = request.RunInPidNamespace(descriptor);
        }).Join();
        return Opened(request, errno, program.Arguments[0]);
    }

    private static (string Program, UserLookup User) Prepare(ContainerPlan plan, Action<UserLookup> inside)
    {
        LinuxException.Check(Libc.unshare(Libc.CLONE_NEWNS), "unshare mount namespace");
        LinuxException.Check(Libc.mount(null, "/", null, Libc.MS_REC | Libc.MS_PRIVATE, null), "make mounts private");
        LinuxException.Check(Libc.chdir("/"), "chdir /");
        LinuxException.Check(
            Libc.setns(plan.Sandbox.Descriptor, Libc.CLONE_NEWNET | Libc.CLONE_NEWUTS | Libc.CLONE_NEWIPC),
            $"enter the sandbox of process {plan.Sandbox.Pid}");
        var (program, user) = ("", (UserLookup?)null);
        ContainerRoot.Build(plan.Root, () =>
        {
            Directory.CreateDirectory(plan.Program.WorkingDirectory);
            user = UserLookup.Of(plan.Credentials);
            program = ProgramPath.Resolve(plan.Program);
            inside(user);
        });
        return (program, user!);
    }

    private static IReadOnlyList<string> AtHome(IReadOnlyList<string> environment, UserLookup user) =>
        environment.Any(variable => variable.StartsWith("HOME=", StringComparison.Ordinal)) ? environment : [.. environment, "HOME=" + user.Home];

    private static ChildProcess Opened(SpawnRequest request, int errno, string name) => errno switch
    {
        0 => ChildProcess.Open(request.Pid),
        < 0 => throw new LinuxException(request.FailedStep, -errno),
        _ => throw new ProgramStartException(ProgramPath.Explain(name, errno)),
    };
}
