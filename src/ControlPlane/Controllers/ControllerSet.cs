using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Certificates;
using Dataplane.ControlPlane.Controllers.CronJobs;
using Dataplane.ControlPlane.Controllers.DaemonSets;
using Dataplane.ControlPlane.Controllers.Deployments;
using Dataplane.ControlPlane.Controllers.Disruption;
using Dataplane.ControlPlane.Controllers.EndpointMirroring;
using Dataplane.ControlPlane.Controllers.Endpoints;
using Dataplane.ControlPlane.Controllers.EndpointSlices;
using Dataplane.ControlPlane.Controllers.GarbageCollection;
using Dataplane.ControlPlane.Controllers.Jobs;
using Dataplane.ControlPlane.Controllers.Machinery;
using Dataplane.ControlPlane.Controllers.Namespaces;
using Dataplane.ControlPlane.Controllers.Nodes;
using Dataplane.ControlPlane.Controllers.PodCollection;
using Dataplane.ControlPlane.Controllers.Pods;
using Dataplane.ControlPlane.Controllers.Replicas;
using Dataplane.ControlPlane.Controllers.ServiceAccounts;
using Dataplane.ControlPlane.Controllers.StatefulSets;
using Dataplane.ControlPlane.Controllers.Volumes;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers;

/// <summary>All controllers over one set of caches: the part of kube-controller-manager this suite has.</summary>
internal static class ControllerSet
{
    /// <summary>Fills the caches and works against an API server until cancelled. An unreachable server is waited for.</summary>
    public static async Task RunAsync(
        KubernetesClient client,
        SharedInformers informers,
        ControlPlaneOptions options,
        ClusterCredentials credentials,
        ILoggerFactory loggers,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var events = new List<EventRecorder>();
        EventRecorder Events(string component)
        {
            events.Add(new EventRecorder(client, component, loggers.CreateLogger<EventRecorder>(), time));
            return events[^1];
        }

        ILogger Logger<T>() => loggers.CreateLogger<T>();

        var collector = new GarbageCollector(client, informers, Logger<GarbageCollector>(), time);
        Controller[] controllers =
        [
            new DeploymentController(client, informers, Events("deployment-controller"), Logger<DeploymentController>(), time),
            new ReplicaSetController(client, informers, Events("replicaset-controller"), Logger<ReplicaSetController>(), time),
            new ReplicationControllerController(client, informers, Events("replication-controller"), Logger<ReplicationControllerController>(), time),
            new DaemonSetController(client, informers, Events("daemonset-controller"), Logger<DaemonSetController>(), time),
            new StatefulSetController(client, informers, Events("statefulset-controller"), Logger<StatefulSetController>(), time),
            new JobController(client, informers, Events("job-controller"), Logger<JobController>(), time),
            new OrphanedPodController(client, informers, Logger<OrphanedPodController>(), time),
            new FinishedJobController(client, informers, Logger<FinishedJobController>(), time),
            new CronJobController(client, informers, Events("cronjob-controller"), Logger<CronJobController>(), time),
            new PodCollector(client, informers, options.TerminatedPodThreshold, Logger<PodCollector>(), time),
            new EndpointSliceController(client, informers, Logger<EndpointSliceController>(), time),
            new EndpointsController(client, informers, Logger<EndpointsController>(), time),
            new NamespaceController(client, informers, Logger<NamespaceController>(), time),
            new ServiceAccountController(client, informers, Logger<ServiceAccountController>(), time),
            new NodeLifecycleController(
                client, informers, options.NodeMonitorGracePeriod, Events("node-controller"), Logger<NodeLifecycleController>(), time),
            new CertificateApprovalController(client, informers, Logger<CertificateApprovalController>(), time),
            new CertificateSigningController(client, informers, credentials.Authority, Logger<CertificateSigningController>(), time),
            new CertificateRequestCollector(client, informers, Logger<CertificateRequestCollector>(), time),
            new RootCertificateController(client, informers, credentials.Certificate, Logger<RootCertificateController>(), time),
            new TokenSecretController(client, informers, credentials.Tokens, credentials.Certificate, Logger<TokenSecretController>(), time),
            new TaintEvictionController(client, informers, Events("taint-eviction-controller"), Logger<TaintEvictionController>(), time),
            new NodeTtlController(client, informers, Logger<NodeTtlController>(), time),
            new ClaimController(client, informers, Events("persistentvolume-controller"), Logger<ClaimController>(), time),
            new VolumeController(client, informers, Events("persistentvolume-controller"), Logger<VolumeController>(), time),
            new StorageProtectionController(client, informers, Logger<StorageProtectionController>(), time),
            new EndpointMirroringController(client, informers, Logger<EndpointMirroringController>(), time),
            .. options.ClusterCidr is { } pods
                ? [new NodeNetworkController(
                    client, informers, pods, options.NodeCidrMaskSize, Events("cidrAllocator"), Logger<NodeNetworkController>(), time)]
                : Array.Empty<Controller>(),
            new DisruptionController(client, informers, Events("controllermanager"), Logger<DisruptionController>(), time),
        ];

        var caches = informers.RunAsync(cancellationToken);
        try
        {
            await informers.WaitForSyncAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await caches.ConfigureAwait(false);
            return;
        }

        await Task.WhenAll(
            [
                caches,
                collector.RunAsync(cancellationToken),
                .. controllers.Select(controller => controller.RunAsync(cancellationToken)),
                .. events.Select(recorder => recorder.RunAsync(cancellationToken)),
            ]).ConfigureAwait(false);
    }
}
