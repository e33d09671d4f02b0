using System.Text.Json.Serialization;

namespace Dataplane.Api.Json;

/// <summary>Generated metadata of every kind and of the lists the client reads.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(ConfigMap))]
[JsonSerializable(typeof(KubernetesList<ConfigMap>), TypeInfoPropertyName = "ConfigMapList")]
[JsonSerializable(typeof(Deployment))]
[JsonSerializable(typeof(KubernetesList<Deployment>), TypeInfoPropertyName = "DeploymentList")]
[JsonSerializable(typeof(EndpointSlice))]
[JsonSerializable(typeof(KubernetesList<EndpointSlice>), TypeInfoPropertyName = "EndpointSliceList")]
[JsonSerializable(typeof(Endpoints))]
[JsonSerializable(typeof(KubernetesList<Endpoints>), TypeInfoPropertyName = "EndpointsList")]
[JsonSerializable(typeof(Event))]
[JsonSerializable(typeof(KubernetesList<Event>), TypeInfoPropertyName = "EventList")]
[JsonSerializable(typeof(Lease))]
[JsonSerializable(typeof(KubernetesList<Lease>), TypeInfoPropertyName = "LeaseList")]
[JsonSerializable(typeof(Namespace))]
[JsonSerializable(typeof(KubernetesList<Namespace>), TypeInfoPropertyName = "NamespaceList")]
[JsonSerializable(typeof(Node))]
[JsonSerializable(typeof(KubernetesList<Node>), TypeInfoPropertyName = "NodeList")]
[JsonSerializable(typeof(Pod))]
[JsonSerializable(typeof(KubernetesList<Pod>), TypeInfoPropertyName = "PodList")]
[JsonSerializable(typeof(PodDisruptionBudget))]
[JsonSerializable(typeof(PodDisruptionBudgetStatus))]
[JsonSerializable(typeof(KubernetesList<PodDisruptionBudget>), TypeInfoPropertyName = "PodDisruptionBudgetList")]
[JsonSerializable(typeof(PersistentVolume))]
[JsonSerializable(typeof(PersistentVolumeClaim))]
[JsonSerializable(typeof(KubernetesList<PersistentVolumeClaim>), TypeInfoPropertyName = "PersistentVolumeClaimList")]
[JsonSerializable(typeof(KubernetesList<PersistentVolume>), TypeInfoPropertyName = "PersistentVolumeList")]
[JsonSerializable(typeof(StorageClass))]
[JsonSerializable(typeof(KubernetesList<StorageClass>), TypeInfoPropertyName = "StorageClassList")]
[JsonSerializable(typeof(ReplicaSet))]
[JsonSerializable(typeof(KubernetesList<ReplicaSet>), TypeInfoPropertyName = "ReplicaSetList")]
[JsonSerializable(typeof(ReplicationController))]
[JsonSerializable(typeof(KubernetesList<ReplicationController>), TypeInfoPropertyName = "ReplicationControllerList")]
[JsonSerializable(typeof(Secret))]
[JsonSerializable(typeof(KubernetesList<Secret>), TypeInfoPropertyName = "SecretList")]
[JsonSerializable(typeof(Service))]
[JsonSerializable(typeof(KubernetesList<Service>), TypeInfoPropertyName = "ServiceList")]
[JsonSerializable(typeof(ServiceAccount))]
[JsonSerializable(typeof(KubernetesList<ServiceAccount>), TypeInfoPropertyName = "ServiceAccountList")]
[JsonSerializable(typeof(Taint))]
[JsonSerializable(typeof(OwnerReference))]
[JsonSerializable(typeof(ReplicaSetStatus))]
[JsonSerializable(typeof(PartialObjectMetadata))]
[JsonSerializable(typeof(KubernetesList<PartialObjectMetadata>), TypeInfoPropertyName = "PartialObjectMetadataList")]
[JsonSerializable(typeof(Status))]
[JsonSerializable(typeof(DeleteOptions))]
[JsonSerializable(typeof(Binding))]
[JsonSerializable(typeof(Scale))]
[JsonSerializable(typeof(TokenRequest))]
internal sealed partial class ApiJsonContext : JsonSerializerContext
{
    /// <summary>Converters of the value types, which the options need at run time.</summary>
    internal static JsonConverter[] Converters { get; } = [new TimeConverter(), new QuantityConverter(), new IntOrStringConverter()];
}
