using System.Net;
using Dataplane.Kubelet.Network;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Kubelet.Sandbox;

namespace Dataplane.Kubelet.Pods;

/// <summary>Makes a pod's sandbox: its namespaces, its network and the files that name them; and takes it away.</summary>
internal sealed class PodSandboxSetup(PodServices services)
{
    private const int LongestHostname = 63;

    // The kernel's __NEW_UTS_LEN.
    private const int LongestKernelName = 64;

    // The machine's, which all pods with its network see; nodes of one machine share it.
    private const string MachineHosts = "/etc/hosts";

    /// <summary>The pod's host name.</summary>
    internal static string Hostname(Api.Pod pod)
    {
        var name = string.IsNullOrEmpty(pod.Spec.Hostname) ? pod.Metadata.Name : pod.Spec.Hostname;
        return name.Length <= LongestHostname ? name : name[..LongestHostname].TrimEnd('-', '.');
    }

    /// <summary>What uname(2) shows inside: the host name, or with setHostnameAsFQDN the whole name.</summary>
    /// <exception cref="FormatException">The kernel takes no name so long; the words are upstream's.</exception>
    internal static string KernelHostname(Api.Pod pod, string domain)
    {
        var name = Hostname(pod);
        if (pod.Spec.SetHostnameAsFQDN != true || HostsFile.QualifiedName(pod, name, domain) is not { } full)
        {
            return name;
        }

        return full.Length <= LongestKernelName ? full : throw new FormatException(
            $"failed to generate sandbox config for pod \"{PodContainers.NameOf(pod)}\": failed to construct FQDN from pod hostname and cluster domain, "
            + $"FQDN {full} is too long ({LongestKernelName} characters is the max, {full.Length} characters requested)");
    }

    internal static ProcessScope ProcessesOf(Api.Pod pod) =>
        pod.Spec.HostPID == true ? ProcessScope.Host : pod.Spec.ShareProcessNamespace == true ? ProcessScope.Pod : ProcessScope.Container;

    internal static SandboxRequest Request(Api.Pod pod, PodServices services) => new()
    {
        Pod = new PodIdentity(pod.Metadata.UID, pod.Metadata.Namespace, pod.Metadata.Name),
        Hostname = pod.Spec.HostNetwork == true ? services.Options.NodeName : KernelHostname(pod, services.Options.ClusterDomain),
        HostNetwork = pod.Spec.HostNetwork == true,
        HostIpc = pod.Spec.HostIPC == true,
        Processes = ProcessesOf(pod),
        Privileged = PodContainers.Of(pod.Spec).Any(one => one.SecurityContext?.Privileged == true),
        LogDirectory = services.Directories.Logs(pod.Metadata.UID),
        HostPorts = [.. HostPortMapping.Of(pod)],
        Annotations = pod.Metadata.Annotations,
    };

    /// <summary>The addresses of a sandbox that an earlier agent made; null when it had not come so far.</summary>
    internal IReadOnlyList<IPAddress>? AddressesOf(string uid, IPodSandbox sandbox)
    {
        if (sandbox.Addresses.Count > 0 || sandbox.Network is null)
        {
            return sandbox.Network is null ? services.Options.NodeIPs : sandbox.Addresses;
        }

        var file = services.Directories.Address(uid);
        var addresses = File.Exists(file) ? File.ReadAllLines(file).Select(line => IPAddress.TryParse(line, out var address) ? address : null).OfType<IPAddress>().ToArray() : [];
        return addresses.Length > 0 ? addresses : null;
    }

    /// <returns>The sandbox and the pod's addresses, the primary one first.</returns>
    internal async Task<(IPodSandbox Sandbox, IReadOnlyList<IPAddress> Addresses)> StartAsync(Api.Pod pod, CancellationToken cancellation)
    {
        var uid = pod.Metadata.UID;
        var request = Request(pod, services);
        Directory.CreateDirectory(Path.GetDirectoryName(services.Directories.Etc(uid, "hosts"))!);
        var sandbox = await services.Runtime.StartSandboxAsync(request, cancellation);
        try
        {
            var addresses = services.Options.NodeIPs;
            if (sandbox.Network is { } network)
            {
                PodSysctls.Apply(pod, network);
                addresses = sandbox.Addresses.Count > 0
                    ? sandbox.Addresses
                    : await services.Network.ConnectAsync(PodNetworkRequest.Of(pod), network, cancellation);
                network.EndThread();
            }

            WriteFiles(pod, request.Hostname, addresses);
            File.WriteAllLines(services.Directories.Address(uid), addresses.Select(address => address.ToString()));
            return (sandbox, addresses);
        }
        catch
        {
            await services.Network.DisconnectAsync(uid);
            await sandbox.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// The address is free for others afterwards: only once the server no longer shows it for this pod, or says that the pod has ended.
    /// </summary>
    /// <exception cref="IOException">A network plugin failed: to be tried again.</exception>
    internal async Task StopAsync(Api.Pod pod, IPodSandbox? sandbox)
    {
        try
        {
            await services.Network.DisconnectAsync(pod.Metadata.UID);
        }
        catch (IOException problem)
        {
            services.Events.Warning(pod, null, "FailedKillPod", $"error killing pod: failed to \"KillPodSandbox\" for \"{pod.Metadata.UID}\": {problem.Message}");
            throw;
        }

        if (File.Exists(services.Directories.Address(pod.Metadata.UID)))
        {
            File.Delete(services.Directories.Address(pod.Metadata.UID));
        }

        if (sandbox is not null)
        {
            await sandbox.DisposeAsync();
        }
    }

    private void WriteFiles(Api.Pod pod, string hostname, IReadOnlyList<IPAddress> addresses)
    {
        var (uid, options) = (pod.Metadata.UID, services.Options);
        var hosts = pod.Spec.HostNetwork != true ? HostsFile.Render(pod, Hostname(pod), addresses, options.ClusterDomain)
            : HostsFile.RenderHostNetwork(pod, File.Exists(MachineHosts) ? File.ReadAllText(MachineHosts) : "");
        File.WriteAllText(services.Directories.Etc(uid, "resolv.conf"), Resolver(pod).ToString());
        File.WriteAllText(services.Directories.Etc(uid, "hosts"), hosts);
        File.WriteAllText(services.Directories.Etc(uid, "hostname"), hostname + "\n");
    }

    /// <summary>What does not go as the pod asks is told by events, in upstream's words.</summary>
    private ResolvConf Resolver(Api.Pod pod)
    {
        var options = services.Options;
        var machine = File.Exists(options.ResolvConf) ? ResolvConf.Parse(File.ReadAllText(options.ResolvConf)) : new ResolvConf([], [], []);
        if (options.ClusterDns.Count == 0 && ResolvConf.WantsCluster(pod))
        {
            const string problem = "kubelet does not have ClusterDNS IP configured and cannot create Pod using \"ClusterFirst\" policy. Falling back to \"Default\" policy.";
            services.Events.Node("MissingClusterDNS", problem, "Warning");
            services.Events.Warning(pod, null, "MissingClusterDNS", $"pod: \"{PodContainers.NameOf(pod)}\". {problem}");
        }

        var resolver = ResolvConf.ForPod(pod, machine, options.ClusterDns, options.ClusterDomain, out var cut);
        if (cut is not null)
        {
            services.Events.Warning(pod, null, "DNSConfigForming", cut);
        }

        return resolver;
    }
}
