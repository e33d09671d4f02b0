using Dataplane.Api;

namespace Dataplane.Cli.Demo;

/// <summary>
/// What the demo deploys: an echo server with three replicas, three Services before it, a pod on each node to ask from, and
/// a Service without a selector whose endpoints the demo writes itself to time the proxies.
/// </summary>
internal static class DemoWorkload
{
    internal const string Namespace = "demo";
    internal const string ClusterIPService = "echo";
    internal const string NodePortService = "echo-nodeport";
    internal const string HeadlessService = "echo-headless";
    internal const string TimedService = "timed";
    internal const int Replicas = 3;
    internal const int ServicePort = 80;
    internal const int EchoPort = 8080;

    private static readonly Dictionary<string, string> EchoLabels = new() { ["app"] = "echo" };

    internal static string ClientPod(string node) => $"client-{node}";

    internal static Namespace NamespaceObject() => new() { Metadata = new() { Name = Namespace } };

    /// <param name="programDirectory">The folder of this program on the machine. It is mounted, because a pod's root has a /tmp of its own.</param>
    /// <param name="runtimeDirectory">The folder of the .NET that runs this program, where `dotnet` is.</param>
    internal static Deployment Echo(string programDirectory, string runtimeDirectory) => new()
    {
        Metadata = Named("echo", EchoLabels),
        Spec = new()
        {
            Replicas = Replicas,
            Selector = new() { MatchLabels = EchoLabels },
            Template = new()
            {
                Metadata = new() { Labels = EchoLabels },
                Spec = new()
                {
                    TerminationGracePeriodSeconds = 2,
                    Volumes = [HostPath("program", programDirectory), HostPath("runtime", runtimeDirectory)],
                    Containers =
                    [
                        new()
                        {
                            Name = "echo",
                            Image = "host",
                            Command = ["/dataplane/dataplane", "echo", "--port", $"{EchoPort}"],
                            Env = [new() { Name = "DOTNET_ROOT", Value = "/dotnet" }, new() { Name = "DOTNET_TieredPGO", Value = "0" }],
                            VolumeMounts =
                            [
                                new() { Name = "program", MountPath = "/dataplane", ReadOnly = true },
                                new() { Name = "runtime", MountPath = "/dotnet", ReadOnly = true },
                            ],
                            Ports = [new() { Name = "http", Port = EchoPort }],
                            ReadinessProbe = new() { HTTPGet = new() { Path = "/", Port = "http" }, PeriodSeconds = 1 },
                        },
                    ],
                },
            },
        },
    };

    internal static Pod Client(string node) => new()
    {
        Metadata = Named(ClientPod(node), new() { ["app"] = "client" }),
        Spec = new()
        {
            NodeSelector = new() { ["kubernetes.io/hostname"] = node },
            TerminationGracePeriodSeconds = 0,
            Containers = [new() { Name = "client", Image = "host", Command = ["sleep", "infinity"] }],
        },
    };

    internal static IEnumerable<Service> Services() =>
    [
        EchoService(ClusterIPService, spec => spec),
        EchoService(NodePortService, spec => spec with { Type = "NodePort" }),
        EchoService(HeadlessService, spec => spec with { ClusterIP = "None" }),
        new()
        {
            Metadata = Named(TimedService, []),
            Spec = new() { Ports = [new() { Name = "http", Port = ServicePort, TargetPort = EchoPort }] },
        },
    ];

    /// <summary>The slice of the timed Service, with one endpoint that no pod has.</summary>
    internal static EndpointSlice TimedSlice(string address) => new()
    {
        Metadata = Named("timed-1", new() { ["kubernetes.io/service-name"] = TimedService, ["endpointslice.kubernetes.io/managed-by"] = "demo.dataplane.dev" }),
        AddressType = "IPv4",
        Endpoints = [new() { Addresses = [address], Conditions = new() { Ready = true } }],
        Ports = [new() { Name = "http", Port = EchoPort, Protocol = "TCP" }],
    };

    private static Service EchoService(string name, Func<ServiceSpec, ServiceSpec> vary) => new()
    {
        Metadata = Named(name, EchoLabels),
        Spec = vary(new() { Selector = EchoLabels, Ports = [new() { Name = "http", Port = ServicePort, TargetPort = "http" }] }),
    };

    private static Volume HostPath(string name, string path) => new() { Name = name, HostPath = new() { Path = path, Type = "Directory" } };

    private static ObjectMeta Named(string name, Dictionary<string, string> labels) => new() { Name = name, Namespace = Namespace, Labels = labels };
}
