#include "daemon/app/run.h"
#include "daemon/app/runtime_factories.h"

int main(int argc, char** argv) { return etd::app::RunDaemon(argc, argv, ETD_VERSION, etd::app::MakeRuntimeFactories); }
