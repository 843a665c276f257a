package main

import (
	"context"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"go.etcd.io/etcd/client/v3/kubernetes"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/apis/example"
	"k8s.io/apiserver/pkg/apis/example/install"
	examplev1 "k8s.io/apiserver/pkg/apis/example/v1"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/cacher"
	"k8s.io/apiserver/pkg/storage/etcd3"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/apiserver/pkg/storage/value/encrypt/identity"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// podPrefix is the prefix of pods as the storage knows it. In etcd it stands below /registry, as kube-apiserver's --etcd-prefix.
const podPrefix = "/pods/"

// pods is the workload of objects as kube-apiserver stores them, with an address in the status.
func pods() *harness.Workload {
	return registry{
		name: "pods", summary: "Pods that come and go, as kube-apiserver stores them.", prefix: "/registry" + podPrefix + "default/",
		value: func(name, address string) string {
			return fmt.Sprintf(`{"kind":"Pod","apiVersion":%q,"metadata":{"name":%q,"namespace":"default"},"status":{"podIP":%q}}`,
				examplev1.SchemeGroupVersion, name, address)
		},
	}.workload()
}

// apiserver is kube-apiserver's storage on etcd, the watch cache above it, and a controller's informer on that.
func apiserver() harness.Candidate {
	return harness.Candidate{
		Name: "apiserver", Summary: "k8s.io/apiserver: etcd3 storage, the watch cache above it, and client-go's informer on that",
		Workloads: []*harness.Workload{pods()}, Timing: reflectorTiming,
		New: func(s harness.Setup) (harness.Manager, error) {
			klog.SetLogger(logr.Discard())
			// After an error these handlers wait until a time that they know from outside the bubble, which in virtual time is decades away.
			utilruntime.ErrorHandlers = nil
			return harness.Mirror{FollowTarget: inform}.New(s)
		},
	}
}

// The keepalive of kube-apiserver's clients (factory.newETCD3Client).
const keepAliveTime, keepAliveTimeout = 30 * time.Second, 10 * time.Second

// reflectorTiming is the timing of a library that watches and does nothing else, with the longest pause of client-go's reflectors between two
// attempts and with keepalive.
func reflectorTiming(bound.Manager) bound.Manager {
	return bound.Manager{BackoffCap: 30 * time.Second, KeepAlive: keepAliveTime + keepAliveTimeout}
}

// inform runs a controller's informer until ctx ends. After each change it publishes all pods that the informer has.
func inform(ctx context.Context, target harness.Target, publish func(harness.View)) error {
	watchCache, stop, err := openStorage(target)
	if err != nil {
		return err
	}
	defer stop()
	var store cache.Store
	show := func() {
		addresses := map[string]string{}
		for _, pod := range store.List() {
			p := pod.(*example.Pod)
			addresses[p.Name] = p.Status.PodIP
		}
		publish(harness.View{Facts: facts(addresses)})
	}
	store, controller := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: listerWatcher(watchCache),
		ObjectType:    &example.Pod{},
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc: func(any) { show() }, UpdateFunc: func(_, _ any) { show() }, DeleteFunc: func(any) { show() },
		},
	})
	controller.RunWithContext(ctx)
	return nil
}

// listerWatcher lists and watches the pods of the watch cache. The cache hands out wrapped objects, which an API server unwraps when it encodes them.
func listerWatcher(watchCache storage.Interface) cache.ListerWatcher {
	base := cache.ToListerWatcherWithContext(cacher.NewListerWatcher(watchCache, podPrefix, newPods, nil))
	return &cache.ListWatch{
		ListWithContextFunc: base.ListWithContext,
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			w, err := base.WatchWithContext(ctx, options)
			if err != nil {
				return nil, err
			}
			return watch.Filter(w, func(e watch.Event) (watch.Event, bool) {
				if wrapped, ok := e.Object.(runtime.CacheableObject); ok {
					e.Object = wrapped.GetObject()
				}
				return e, true
			}), nil
		},
	}
}

// openStorage opens the storage of pods and the watch cache as kube-apiserver does (registry.StorageWithCacher), with the settings of its client
// (factory.newETCD3Client) and the target's dial options.
func openStorage(target harness.Target) (watchCache storage.Interface, stop func(), err error) {
	config := target.Config()
	config.DialTimeout, config.DialKeepAliveTime, config.DialKeepAliveTimeout = 20*time.Second, keepAliveTime, keepAliveTimeout
	client, err := kubernetes.New(config)
	if err != nil {
		return nil, nil, err
	}
	versioner := storage.APIObjectVersioner{}
	codec := newCodec()
	resource := schema.GroupResource{Resource: "pods"}
	raw, err := etcd3.New(client, nil, codec, newPod, newPods, "/registry", podPrefix, resource, identity.NewEncryptCheckTransformer(),
		etcd3.NewDefaultLeaseManagerConfig(), etcd3.NewDefaultDecoder(codec, versioner), versioner)
	if err != nil {
		client.Close()
		return nil, nil, err
	}
	cached, err := cacher.NewCacherFromConfig(cacher.Config{
		Storage: raw, Versioner: versioner, GroupResource: resource, ResourcePrefix: podPrefix, Codec: codec,
		EventsHistoryWindow: storagebackend.DefaultEventsHistoryWindow,
		NewFunc:             newPod, NewListFunc: newPods,
		KeyFunc:      func(o runtime.Object) (string, error) { return storage.NamespaceKeyFunc(podPrefix, o) },
		GetAttrsFunc: attributes,
	})
	if err != nil {
		raw.Close()
		client.Close()
		return nil, nil, err
	}
	delegator := cacher.NewCacheDelegator(cached, raw)
	return delegator, func() {
		delegator.Stop()
		cached.Stop()
		raw.Close()
		client.Close()
	}, nil
}

func newPod() runtime.Object  { return &example.Pod{} }
func newPods() runtime.Object { return &example.PodList{} }

// newCodec makes a codec for pods.
func newCodec() runtime.Codec {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	return serializer.NewCodecFactory(scheme).LegacyCodec(examplev1.SchemeGroupVersion)
}

// attributes are what a watch could select pods by.
func attributes(o runtime.Object) (labels.Set, fields.Set, error) {
	p := o.(*example.Pod)
	return p.Labels, fields.Set{"metadata.name": p.Name, "metadata.namespace": p.Namespace}, nil
}
