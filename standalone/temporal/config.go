package temporal

import (
	"net"
	"net/url"
	"strconv"
	"time"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/primitives"
)

var services = []primitives.ServiceName{
	primitives.FrontendService, primitives.HistoryService, primitives.MatchingService, primitives.WorkerService,
}

// tuning fits one small machine. Shards, in config, and partitions are fixed once runs exist. A timer that is shorter than
// the time shift is as long as it: the server reads that far ahead, and puts what is new behind what it has read. A second,
// the server's own choice, allows for hosts whose clocks differ; here is one. A task of the server gives up after three seconds
// and is begun anew: of thousands of timers that fall due at one moment, as many are worked on at once as can be done in that
// time on a slow machine too. With the server's own 512 hardly any is (docs/performance.md, B10).
var tuning = map[dynamicconfig.Key]any{
	dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():      1,
	dynamicconfig.MatchingNumTaskqueueWritePartitions.Key():     1,
	dynamicconfig.HistoryCacheHostLevelMaxSize.Key():            8192,
	dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key(): true,
	dynamicconfig.TimerProcessorMaxTimeShift.Key():              200 * time.Millisecond,
	dynamicconfig.TimerProcessorSchedulerWorkerCount.Key():      24,
	dynamicconfig.TransferProcessorSchedulerWorkerCount.Key():   48,
	dynamicconfig.VisibilityProcessorSchedulerWorkerCount.Key(): 24,
	dynamicconfig.FrontendRPS.Key():                             20000,
	dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key():      20000,
}

// config is what the CLI's development server uses, on Postgres. ports holds, per service, gRPC then membership.
func (s *Server) config(u *url.URL, ports []int) *config.Config {
	cfg := &config.Config{
		Persistence: config.Persistence{
			DefaultStore: "default", VisibilityStore: "visibility", NumHistoryShards: 16,
			DataStores: map[string]config.DataStore{
				"default":    {SQL: sqlConfig(u, databases[0].name)},
				"visibility": {SQL: sqlConfig(u, databases[1].name)},
			},
		},
		Global: config.Global{Membership: config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: host}},
		ClusterMetadata: &cluster.Config{
			EnableGlobalNamespace: false, FailoverVersionIncrement: 10, MasterClusterName: "active", CurrentClusterName: "active",
			ClusterInformation: map[string]cluster.ClusterInformation{
				"active": {Enabled: true, InitialFailoverVersion: 1, RPCAddress: net.JoinHostPort(host, strconv.Itoa(ports[0]))},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
		PublicClient: config.PublicClient{HostPort: net.JoinHostPort(host, strconv.Itoa(ports[0]))},
		Services:     map[string]config.Service{},
	}
	for i, name := range services {
		cfg.Services[string(name)] = config.Service{RPC: config.RPC{
			GRPCPort: ports[i], MembershipPort: ports[i+len(services)], BindOnLocalHost: true,
		}}
	}
	return cfg
}
