# The suites as ctest runs them: the reference must pass them in both worlds and both dialects, the
# planted defects must not, and what was on the wire must be readable by others.
add_test(NAME conformance_sim COMMAND assay run)
add_test(NAME conformance_live COMMAND assay run --world live)
# Likewise with Size-on-MDS: all suites, since every close and truncate is another then.
add_test(NAME conformance_som COMMAND assay run --target reference:2.0+som)
add_test(NAME conformance_som_live
  COMMAND assay run --target reference:2.0+som --only som --world live)
add_test(NAME canaries COMMAND ${PROJECT_SOURCE_DIR}/scripts/canaries $<TARGET_FILE:assay>)
foreach(world IN ITEMS sim live)
  add_test(NAME captures_${world}
    COMMAND ${PROJECT_SOURCE_DIR}/scripts/check_captures $<TARGET_FILE:assay> ${world})
endforeach()
# Some of the same judged as somebody's servers, through a target file: one case at a time, since they
# share the servers. Without the list the script runs all, which takes half an hour.
add_test(NAME target_live COMMAND ${PROJECT_SOURCE_DIR}/scripts/target_test $<TARGET_FILE:assay>
  connect.*,namespace.1-5,attributes.1-3,data.1-6,open.1-5,locks.1-5,locks.10,resend.1-2,mds-recovery.1-3,ost-recovery.1-2)
# Likewise with Size-on-MDS, judged by what our clients send and hear.
add_test(NAME som_target_live
  COMMAND ${PROJECT_SOURCE_DIR}/scripts/som_target_test $<TARGET_FILE:assay>)
# The witnesses of suites/som/README.md.
add_test(NAME som_capsules COMMAND ${PROJECT_SOURCE_DIR}/scripts/capsules_test
  $<TARGET_FILE:assay> ${PROJECT_SOURCE_DIR}/suites/som/capsules
  "rm -r suites/som/capsules; (cd suites/som && ../../assay som claims --out capsules)")
# Deaths on both sides of a commit and between two, fifty times in a row, on processes that are killed.
add_test(NAME boundary_live
  COMMAND ${PROJECT_SOURCE_DIR}/scripts/boundary_test $<TARGET_FILE:assay>)
# Random calls under random plans, with processes that are killed; and what an interruption leaves.
add_test(NAME conformance_live_random COMMAND assay campaign --world live --runs 40 --seed 1)
add_test(NAME boundary_live_interrupted
  COMMAND ${PROJECT_SOURCE_DIR}/scripts/interrupt_test $<TARGET_FILE:assay>)
# What `assay serve cluster` calls ready.
add_test(NAME serve_live COMMAND ${PROJECT_SOURCE_DIR}/scripts/serve_test $<TARGET_FILE:assay>)
# Plans, capsules and histories that are not what they should be.
add_test(NAME bad_input
  COMMAND ${PROJECT_SOURCE_DIR}/scripts/bad_input_test $<TARGET_FILE:assay>)
set_tests_properties(conformance_live boundary_live target_live som_target_live conformance_live_random boundary_live_interrupted serve_live
  PROPERTIES PROCESSORS 2)
